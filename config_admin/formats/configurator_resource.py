"""
A Configurator resource: JSON with the configurations of several PIDs.

It is something to import, not to follow: a file of a directory holds one PID.

Source: OSGi Compendium ch. 150.4, and Apache Felix, ``ConfigurationReaderImpl``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.core.errors import InvalidPidError
from config_admin.core.pid import require_pid
from config_admin.formats import configurator_values
from config_admin.formats.configurator_parse import (
    CONFIGURATOR_PREFIX,
    properties_of,
    raise_all,
)
from config_admin.formats.json_tree import Member, Node, Tree, tree
from config_admin.formats.lines import Positions
from config_admin.formats.unreadable import UnreadableError

POLICIES: Final = ("default", "force")

_SYMBOLIC_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*+")
_VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}(?:\.[0-9]{1,9}(?:\.[\w-]+)?)?)?")
_FORMAT_VERSION: Final = 1
_MAX_RANKING: Final = 2**31


@dataclass(frozen=True, slots=True)
class ResourceConfiguration:
    """
    What a resource says of one PID.

    Attributes:
        pid: ``name`` or ``factory~name``.
        properties: As `config_admin.formats.configurator.loads` gives them.
        policy: ``default``: a configuration that somebody changed stays; ``force``:
            it is replaced.
        ranking: Of several resources with the same PID the highest counts.
    """

    pid: str
    properties: Mapping[str, object]
    policy: str = "default"
    ranking: int = 0


@dataclass(frozen=True, slots=True)
class Resource:
    """
    What a resource says.

    Attributes:
        symbolic_name: Who it is; None if it does not say.
        version: Which of that name it is; None if it does not say.
        configurations: In the order of the text.
        warnings: What deserves a look but refuses nothing, in line order.
    """

    symbolic_name: str | None
    version: str | None
    configurations: tuple[ResourceConfiguration, ...]
    warnings: tuple[Diagnostic, ...] = ()


def read_resource(text: str) -> Resource:
    """
    What the resource *text* says.

    Raises:
        FormatError: With every fault of the text.
    """
    reader = _Reader(text)
    resource = reader.resource()
    raise_all(reader.faults)
    return resource


class _Reader:
    """
    Reads one resource.

    Args:
        text: Of it.

    Attributes:
        faults: What is wrong, as far as it was read.
    """

    def __init__(self, text: str) -> None:
        self._tree: Tree = tree(text)
        self._positions = Positions(text)
        self.faults: list[Diagnostic] = []
        self._warnings: list[Diagnostic] = []

    def resource(self) -> Resource:
        """What it says; it means nothing if there are faults."""
        about: dict[str, Member] = {}
        configurations: list[ResourceConfiguration] = []
        firsts: dict[str, Member] = {}
        for member in self._tree.root.members:
            if member.key in firsts:
                self._refuse(member, "a key a second time", "each once", "Remove one.")
            firsts[member.key] = member
            if member.key.startswith(CONFIGURATOR_PREFIX):
                about[member.key.removeprefix(CONFIGURATOR_PREFIX)] = member
            else:
                configurations.extend(self._configuration(member))
        self._check_format(about.pop("resource-version", None))
        name = self._text(about.pop("symbolic-name", None), _SYMBOLIC_NAME)
        version = self._text(about.pop("version", None), _VERSION)
        for member in about.values():
            self._warn(member)
        return Resource(name, version, tuple(configurations), tuple(self._warnings))

    def _configuration(self, member: Member) -> Iterator[ResourceConfiguration]:
        try:
            pid = require_pid(member.key)
        except InvalidPidError as error:
            self._refuse(member, "a key that is no PID", "a PID", error.reason)
            return
        if member.value.raw != "{":
            found = "a PID without an object"
            self._refuse(member, found, "its properties", 'Write { "key": value }.')
            return
        parsed = properties_of(self._tree, member.value, self._positions, self.faults)
        policy, ranking = "default", 0
        for directive in parsed.directives:
            name = directive.key.removeprefix(CONFIGURATOR_PREFIX)
            if name == "policy":
                policy = self._policy(directive)
            elif name == "ranking":
                ranking = self._ranking(directive)
            else:
                self._warn(directive)
        yield ResourceConfiguration(pid, parsed.values(), policy, ranking)

    def _policy(self, member: Member) -> str:
        policy = _plain_value(member.value)
        if policy in POLICIES:
            return str(policy)
        self._refuse(
            member, "an unknown policy", '"default" or "force"', "Write one of the two."
        )
        return "default"

    def _ranking(self, member: Member) -> int:
        ranking = _plain_value(member.value)
        if type(ranking) is int and -_MAX_RANKING <= ranking < _MAX_RANKING:
            return ranking
        self._refuse(
            member, "no ranking", "a whole number of 32 bits", "Write one, such as 10."
        )
        return 0

    def _check_format(self, member: Member | None) -> None:
        if member is not None and _plain_value(member.value) != _FORMAT_VERSION:
            cure = "Write 1, or remove it."
            self._refuse(member, "an unknown version of the format", "1", cure)

    def _text(self, member: Member | None, form: re.Pattern[str]) -> str | None:
        if member is None:
            return None
        text = _plain_value(member.value)
        if isinstance(text, str) and form.fullmatch(text):
            return text
        name = member.key.removeprefix(CONFIGURATOR_PREFIX)
        expected = 'text such as "1.0.0"' if name == "version" else 'text such as "a.b"'
        self._refuse(member, f"no {name}", expected, "Write such a text.")
        return None

    def _refuse(self, member: Member, found: str, expected: str, cure: str) -> None:
        line, column = self._positions.at(member.start)
        self.faults.append(
            Diagnostic(
                found=found,
                expected=expected,
                cure=cure,
                rule="configurator",
                key=member.key,
                line=line,
                column=column,
            )
        )

    def _warn(self, member: Member) -> None:
        line, column = self._positions.at(member.start)
        self._warnings.append(
            Diagnostic(
                found="a key of the Configurator that means nothing here",
                expected="policy or ranking in a PID, else symbolic-name or version",
                cure="It is ignored; remove it if it is misspelled.",
                rule="configurator",
                key=member.key,
                line=line,
                column=column,
                severity=Severity.WARNING,
            )
        )


def _plain_value(node: Node) -> object:
    """The value of *node*; None if it is no single one."""
    try:
        return configurator_values.natural(node)
    except UnreadableError:
        return None
