"""``python -m config_admin`` is the command ``config-admin``."""

import sys

from config_admin.cli.main import main

sys.exit(main())
