"""Names to objects: what is built in, imported only when it is asked for."""

from collections.abc import Mapping
from importlib import import_module
from typing import Final

from config_admin.core.ports import Format

# By suffix; the first is that of new files.
_FORMATS: Final = {".cfg": "config_admin.formats.cfg"}


def formats() -> Mapping[str, Format]:
    """The file formats, by suffix."""
    return {suffix: _module(name) for suffix, name in _FORMATS.items()}


def _module(name: str) -> Format:
    module: Format = import_module(name)
    return module
