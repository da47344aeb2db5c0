"""A directory of configuration files and the admin, kept equal."""
