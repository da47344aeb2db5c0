"""``python -m config_admin.messaging``: see what messaging does."""

import sys

from config_admin.cli.messaging import main

sys.exit(main())
