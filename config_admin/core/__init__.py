"""The domain: the standard library and nothing else; no file, no network, no clock."""
