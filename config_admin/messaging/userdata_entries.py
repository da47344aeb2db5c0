"""What the entries of user data mean, and what is wrong with them."""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped, shown
from config_admin.core.errors import ConfigurationError
from config_admin.messaging.context import DEFAULT_DOMAIN
from config_admin.messaging.identity import (
    AgentIdentity,
    require_application,
    require_domain,
    require_instance,
)

# Nothing, if a value of a key is a name; else a `ConfigurationError`.
_Require: TypeAlias = Callable[[str, str], None]

_FILE: Final = "@file@"
_TYPE: Final = ("net.roboconf.messaging.type",)
_DOMAIN: Final = ("domain",)
# The newer spelling first.
_APPLICATION: Final = ("application.name", "application-name")
_INSTANCE: Final = ("scoped.instance.path", "root-instance-name")
_ADDRESS: Final = ("ip-address-of-the-agent",)

# Every parameter of a messaging looks like one. A line of base64 that was cut off from
# the one before does not: it has no dot and no dash.
_PARAMETER: Final = re.compile(r"(?=[^.-]*[.-])[A-Za-z][A-Za-z0-9._-]{1,200}")
_KNOWN: Final = frozenset([*_TYPE, *_DOMAIN, *_APPLICATION, *_INSTANCE, *_ADDRESS])
_BLANKS: Final = re.compile(r"\s+")
_KEY: Final = re.compile(r"(?m)^[ \t\f]*([^=:\s\\#!]+)")
_MAX_TOLD: Final = 100


class Entries:
    """
    The entries of one text, taken apart.

    Args:
        text: All of it.
        entries: What it says.
        source: Where it came from, for people.

    Attributes:
        identity: Whose they are.
        files: Bytes, by property.
        parameters: All other texts.
        faults: What is wrong, in the order of the lines, of very much the first; if
            anything is, the rest is worth nothing. Besides names no value is in it.
    """

    def __init__(self, text: str, entries: Mapping[str, object], source: str) -> None:
        self._lines = _lines_of(text)
        self._source = source
        self._entries = dict(entries)
        self._spelled = {key.lower(): key for key in entries}
        self._faults: list[Diagnostic] = []
        self.identity = self._identity()
        self.files = {
            key[len(_FILE) :]: self._bytes(key)
            for key in tuple(self._entries)
            if key.lower().startswith(_FILE)
        }
        self.parameters = {key: self._parameter(key) for key in tuple(self._entries)}
        self.faults = sorted(self._faults, key=lambda one: one.line or 0)[:_MAX_TOLD]

    def _identity(self) -> AgentIdentity:
        return AgentIdentity(
            messaging_type=self._one(_TYPE, "rabbitmq"),
            domain=self._one(_DOMAIN, require=require_domain) or DEFAULT_DOMAIN,
            application=self._one(_APPLICATION, "shop", require_application),
            instance=self._one(_INSTANCE, "/vm/server", require_instance),
            ip_address=self._one(_ADDRESS),
        )

    def _one(
        self, names: Sequence[str], example: str = "", require: _Require | None = None
    ) -> str:
        """
        The one value under *names*; "": there is none.

        Args:
            names: The spellings of its key.
            example: Of a value, if there has to be one.
            require: What has to hold for it.
        """
        keys = [self._spelled[name] for name in names if name in self._spelled]
        given = {key: value for key in keys if (value := self._take(key))}
        if not given and example:
            cure = f"Add a line like {names[0]} = {example}"
            self._report(names[0], "nothing", "a value", cure)
        for key, value in given.items():
            self._compare(key, value, *next(iter(given.items())))
            try:
                if require is not None:
                    require(value, key)
            except ConfigurationError as error:
                cure = f"{error.reason[:1].upper()}{error.reason[1:]}"
                self._report(key, shown(value), "a name that can be one", cure)
        return next(iter(given.values()), "")

    def _compare(self, key: str, value: str, first: str, first_value: str) -> None:
        """*key* and *first* are spellings of one key; a path may have outer slashes."""
        if value.strip("/") != first_value.strip("/"):
            self._report(
                key,
                f"{shown(value)} beside {escaped(first)} = {shown(first_value)}",
                "the same value, for both are names of one setting",
                "Keep one of them.",
            )

    def _bytes(self, key: str) -> bytes:
        if not _PARAMETER.fullmatch(key[len(_FILE) :]):
            cure = f"Write the property that names the file behind {_FILE}."
            found = "the name of no parameter (not shown)"
            self._report(key, found, f"{_FILE}<property>", cure)
        try:
            return base64.b64decode(_BLANKS.sub("", self._take(key)), validate=True)
        except ValueError:  # binascii.Error is one; so is what text beyond ASCII raises
            self._report(
                key,
                "text that is not base64 (not shown)",
                "the bytes of a file in base64",
                "Encode the file again, and write all of it on one line.",
            )
            return b""

    def _parameter(self, key: str) -> str:
        if not _PARAMETER.fullmatch(key):
            self._report(
                key,
                "an entry that is no parameter (not shown, for it may be a secret)",
                "the name of a parameter",
                "Remove the line, or, if it goes on with the line above, end that "
                "one with a backslash.",
            )
        return self._take(key)

    def _take(self, key: str) -> str:
        """The text of *key*; what is taken is no parameter."""
        value = self._entries.pop(key)
        if isinstance(value, str):
            return value.strip()
        self._report(key, "a typed value", "plain text", "Write it without a type.")
        return ""

    def _report(self, key: str, found: str, expected: str, cure: str) -> None:
        name = key.lower().removeprefix(_FILE)
        is_name = name in _KNOWN or _PARAMETER.fullmatch(name)
        fault = Diagnostic(
            key=key if is_name else None,
            found=found,
            expected=expected,
            cure=cure,
            rule="user-data",
            file=self._source,
            line=self._lines.get(key),
        )
        self._faults.append(fault)


def _lines_of(text: str) -> dict[str, int]:
    """The line of each key, from 1; of one that is there twice the last: it counts."""
    found = (_KEY.match(line) for line in text.split("\n"))
    return {match[1]: line for line, match in enumerate(found, 1) if match}
