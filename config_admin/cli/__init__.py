"""The ``config-admin`` command: one module for each of its verbs."""
