"""
JSON as Karaf installs it: one PID a file, values as the OSGi Configurator reads them.

``//`` and ``/* */`` begin comments; ``"port:Integer"`` gives a key its type.

Source: OSGi Compendium ch. 150.4, and Apache Felix, cm.json.
"""

from collections.abc import Mapping
from typing import Final

from config_admin.core.ports import Place, Reading
from config_admin.formats.configurator_merge import merge
from config_admin.formats.configurator_parse import left_out, parse
from config_admin.formats.lines import Positions

__all__ = ["dumps", "loads", "merge", "read", "suffix"]

suffix: Final = ".json"


def read(text: str, /) -> Reading:
    """What *text* says, with the places and the warnings."""
    parsed = parse(text)
    positions = Positions(text)
    places = {
        one.key: Place(
            *positions.at(one.member.start), *positions.at(one.member.value.start)
        )
        for one in parsed.properties
    }
    warnings = tuple(left_out(member, positions) for member in parsed.directives)
    return Reading(parsed.values(), places, warnings)


def loads(text: str, /) -> dict[str, object]:
    """The properties of *text*; what is for the Configurator is none of them."""
    return parse(text).values()


def dumps(properties: Mapping[str, object], /) -> str:
    """A text that reads as *properties*, without types where JSON has its own."""
    return merge("", properties)
