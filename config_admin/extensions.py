"""Names to objects: what is built in, imported only when it is asked for."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

from config_admin.core.ports import Format

# By suffix; the first is that of new files. The longest one that a file name ends in
# is its own. Source: Karaf installs `.cfg`, `.config` and `.cfg.json`.
_FORMATS: Final[Mapping[str, str]] = {
    ".cfg": "config_admin.formats.cfg",
    ".config": "config_admin.formats.config",
    ".json": "config_admin.formats.configurator",
    ".cfg.json": "config_admin.formats.configurator",
}


def formats() -> Mapping[str, Format]:
    """The file formats, by suffix; each is imported when it is first looked up."""
    return _Formats()


class _Formats(Mapping[str, Format]):
    __slots__ = ()

    def __getitem__(self, suffix: str) -> Format:
        module: Format = import_module(_FORMATS[suffix])
        return module

    def __iter__(self) -> Iterator[str]:
        return iter(_FORMATS)

    def __len__(self) -> int:
        return len(_FORMATS)

    def __contains__(self, suffix: object) -> bool:
        # Mapping's own would import the module.
        return suffix in _FORMATS
