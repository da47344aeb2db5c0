"""A JSON object of properties, taken apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.core.display import shown
from config_admin.core.errors import FormatError
from config_admin.formats import configurator_values
from config_admin.formats.configurator_kinds import NATURAL, Kind, kind_named
from config_admin.formats.json_tree import Member, Node, Tree, tree
from config_admin.formats.lines import Positions
from config_admin.formats.sentences import clash, refused
from config_admin.formats.typed import ReadValue
from config_admin.formats.unreadable import UnreadableError

# Source: OSGi Compendium ch. 150.4.1
CONFIGURATOR_PREFIX: Final = ":configurator:"


@dataclass(frozen=True, slots=True)
class Property:
    """
    One property of a text.

    Attributes:
        key: Without its type.
        kind: Its type.
        value: What it says.
        member: Where it stands.
    """

    key: str
    kind: Kind
    value: ReadValue
    member: Member


@dataclass(frozen=True, slots=True)
class Parsed:
    """
    A readable object of properties.

    Attributes:
        tree: The text it stands in.
        properties: In the order of the text.
        directives: The members that are for the Configurator.
    """

    tree: Tree
    properties: tuple[Property, ...]
    directives: tuple[Member, ...]

    def values(self) -> dict[str, object]:
        """The properties by key."""
        return {one.key: one.value for one in self.properties}


def parse(text: str) -> Parsed:
    """
    What *text* says: one object, each member a property.

    Raises:
        FormatError: With every fault of the text.
    """
    whole = tree(text)
    faults: list[Diagnostic] = []
    parsed = properties_of(whole, whole.root, Positions(text), faults)
    raise_all(faults)
    return parsed


def raise_all(faults: Sequence[Diagnostic]) -> None:
    """
    Nothing, if there are none.

    Raises:
        FormatError: With *faults* in the order of their places.
    """
    if faults:
        raise FormatError(
            sorted(faults, key=lambda fault: (fault.line or 0, fault.column or 0))
        )


def properties_of(
    whole: Tree, node: Node, positions: Positions, faults: list[Diagnostic]
) -> Parsed:
    """
    The properties that the members of the object *node* are.

    Args:
        whole: The text that the object stands in.
        node: The object.
        positions: Of the text.
        faults: Takes what is wrong; what is said then means nothing.
    """
    properties, directives = [], []
    for member in node.members:
        if member.key.startswith(CONFIGURATOR_PREFIX):
            directives.append(member)
            continue
        found: list[tuple[int, UnreadableError]] = []
        one = _property(member, found)
        properties.append(one)
        key = one.key if _is_readable(one.key) else None
        faults += [refused(fault, key, positions.at(at)) for at, fault in found]
    faults += _repeated(properties, positions)
    return Parsed(whole, tuple(properties), tuple(directives))


def _property(member: Member, found: list[tuple[int, UnreadableError]]) -> Property:
    # Felix takes the first colon. It refuses what follows it unless that is a type,
    # and no type has a colon: what both read, both read the same.
    key, colon, name = member.key.rpartition(":")
    kind: Kind | None = NATURAL
    if colon:
        kind = kind_named(name)
    else:
        key = member.key
    if not _is_readable(key):
        found.append((member.start, _HALF_KEY))
    elif not key:
        found.append((member.start, _NO_KEY))
    if kind is None:
        is_binary = name in {"binary", "binary[]"}
        found.append((member.start, _BINARY if is_binary else _no_type(name)))
        return Property(key, NATURAL, "", member)
    value = configurator_values.read(member.value, kind, found)
    return Property(key, kind, value, member)


def _is_readable(key: str) -> bool:
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True


def _repeated(
    properties: Sequence[Property], positions: Positions
) -> Iterator[Diagnostic]:
    firsts: dict[str, tuple[str, tuple[int, int]]] = {}
    for one in properties:
        place = positions.at(one.member.start)
        first, first_place = firsts.setdefault(one.key.lower(), (one.key, place))
        if first_place == place:
            continue
        if first != one.key:
            yield clash(one.key, place, first, first_place)
        elif one.key:
            yield Diagnostic(
                found=f"the key that is on line {first_place[0]} already",
                expected="each key once",
                cure="Remove one of the two.",
                rule="unique-key",
                key=one.key,
                line=place[0],
                column=place[1],
            )


def left_out(member: Member, positions: Positions) -> Diagnostic:
    """The warning of a *member* that is for the Configurator."""
    line, column = positions.at(member.start)
    return Diagnostic(
        found="a key that is for the Configurator",
        expected="properties of the service",
        cure="It is no property here and stays as it is in the file.",
        rule="configurator",
        key=member.key,
        line=line,
        column=column,
        severity=Severity.WARNING,
    )


def _no_type(name: str) -> UnreadableError:
    return UnreadableError(
        found=f"the type {shown(name)}",
        masked=f"the type {shown(name)}",
        expected="a type such as Integer, Integer[] or Collection<Integer>",
        cure="Write such a type behind the colon; a key that has a colon itself needs "
        "one, too: String for text.",
        rule="type",
    )


_BINARY: Final = UnreadableError(
    found="the type binary",
    masked="the type binary",
    expected="a value that stands in this file",
    cure="Write the path of the file as text, and let the service read it.",
    rule="type",
)
_NO_KEY: Final = UnreadableError(
    found="an empty key",
    masked="an empty key",
    expected="a name",
    cure="Give the property a name, or remove it.",
    rule="key",
)
_HALF_KEY: Final = UnreadableError(
    found="half of a surrogate pair in a key",
    masked="half of a surrogate pair in a key",
    expected="both halves, one behind the other",
    cure="Write the character itself, or both of its \\uXXXX.",
    rule="surrogate-pair",
)
