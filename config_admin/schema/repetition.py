"""
Whether a regular expression can take exponential time.

It can, if some text leads from a place in a loop back to it in two ways. The places
are the characters of the pattern; which may follow which is Glushkov's automaton, and
two ways are found by walking it twice at once.

Source: Weber and Seidl, On the degree of ambiguity of finite automata (1991).
"""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final

_TOKENS: Final = re.compile(
    r"""
      (?P<repeat>(?:[*+?]|\{(?P<least>[0-9]*)(?P<comma>,?)(?P<most>[0-9]*)\}(?<!\{\}))
        [?+]?)
    | (?P<nothing>\(\?(?:P=\w+|\#[^)]*|[aiLmsux]+)\))
    | (?P<look>\(\?<?[=!])
    | (?P<open>\((?:\?(?:[:>]|P?<\w+>|\(\w+\)|[aiLmsux]*-?[imsx]*:))?)
    | (?P<close>\))
    | (?P<or>\|)
    | \[\^?\]?(?:\\.|[^\]\\])*\]
    | \\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|.)
    | .
    """,
    re.DOTALL | re.VERBOSE,
)

# Enough to see whether two classes overlap: ASCII, and one of each kind beyond.
_ALPHABET: Final = "".join(map(chr, range(128))) + "éΩ٠漢\xa0\u2028😀"

# They match what a loop meets once: it never leads through them twice.
_ANCHORS: Final = frozenset({"^", "$", r"\A", r"\Z"})

_MANY: Final = 10  # so often is, in time, without end
_MAX_PLACES: Final = 300  # beyond, and beyond so many pairs, nothing is said
_MAX_PAIRS: Final = 100_000


def has_nested_repetition(pattern: str) -> bool:
    """
    Whether what is repeated can match one text in several ways, as in ``(a+)*``.

    Such a pattern can take exponential time, and no thread runs meanwhile. False too
    if the pattern is too large to tell.
    """
    graph = _Graph(pattern)
    try:
        graph.read(pattern)
    except _TooLargeError:
        return False
    return graph.is_ambiguous()


class _TooLargeError(Exception):
    """There are too many places."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Where a part of the pattern may begin and end; and whether it may be empty."""

    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    nullable: bool = True


@dataclass(slots=True)
class _Group:
    """A group that is still open: what stands before its last ``|``, and behind it."""

    looks: bool
    before: int
    whole: _Part | None = None
    current: _Part = _Part()

    def branch(self) -> _Part:
        """The alternatives so far as one part; the next one begins."""
        old, new, self.current = self.whole, self.current, _Part()
        self.whole = new
        if old is not None:
            nullable = old.nullable or new.nullable
            self.whole = _Part(old.first + new.first, old.last + new.last, nullable)
        return self.whole


class _Graph:
    """The places of one pattern, and how often each follows each."""

    def __init__(self, pattern: str) -> None:
        foreign = {character for character in pattern if not character.isascii()}
        self._alphabet = _ALPHABET + "".join(foreign.difference(_ALPHABET))
        self._matched: list[int] = []  # which of the alphabet, a bit for each
        self._next: list[Counter[int]] = []

    def read(self, pattern: str) -> None:
        """Take in *pattern*, which compiles."""
        groups, part, start = [_Group(looks=False, before=0)], _Part(), 0
        for token in _TOKENS.finditer(pattern):
            if token["repeat"]:
                part = self._repeated(part, start, token)
                continue
            group = groups[-1]
            group.current = self._joined(group.current, part)
            part, start = _Part(), len(self._next)
            if token["open"] or token["look"]:
                groups.append(_Group(looks=bool(token["look"]), before=start))
            elif token["or"]:
                group.branch()
            elif token["close"] and len(groups) > 1:
                part, start = group.branch(), groups.pop().before
                part = _Part() if group.looks else part  # it takes up no text
            elif not token["nothing"]:
                part = self._place(token[0])

    def is_ambiguous(self) -> bool:
        """Whether one text leads from a place back to it in two ways."""
        inner = self._loops()
        if any(n > 1 for following in inner for n in following.values()):
            return True
        kinds = {tuple(following) for following in inner}
        left = [
            pair for kind in kinds for pair in combinations(kind, 2) if self._meet(pair)
        ]
        seen = set(left)
        while left and len(seen) < _MAX_PAIRS:
            one, other = left.pop()
            for pair in product(inner[one], inner[other]):
                if self._meet(pair) and pair not in seen:
                    if pair[0] == pair[1]:
                        return True
                    seen.add(pair)
                    left.append(pair)
        return False

    def _place(self, atom: str) -> _Part:
        """A new place; none, if *atom* takes up no text."""
        if atom in _ANCHORS:
            return self._new(1 << len(self._alphabet))
        try:
            found = re.finditer(atom, self._alphabet)
        except re.error:  # a reference to a group
            return _Part()
        matched = sum(1 << at.start() for at in found if at.end() > at.start())
        return self._new(matched) if matched else _Part()

    def _new(self, matched: int) -> _Part:
        if len(self._next) >= _MAX_PLACES:
            raise _TooLargeError
        self._matched.append(matched)
        self._next.append(Counter())
        here = (len(self._next) - 1,)
        return _Part(here, here, nullable=False)

    def _joined(self, one: _Part, other: _Part) -> _Part:
        """First *one*, then *other*."""
        for place in one.last:
            self._next[place].update(other.first)
        return _Part(
            one.first + (other.first if one.nullable else ()),
            other.last + (one.last if other.nullable else ()),
            one.nullable and other.nullable,
        )

    def _repeated(self, part: _Part, start: int, token: re.Match[str]) -> _Part:
        """*part*, whose places begin at *start*, as often as *token* says."""
        least, most = _bounds(token)
        optional = part.nullable or least == 0
        if most == 0:
            return _Part()
        if most >= _MANY:
            for place in part.last:
                self._next[place].update(part.first)
        elif most > 1:  # twice shows all that can overlap
            again = self._copy(part, start)
            again = _Part(again.first, again.last, again.nullable or least < most)
            part = self._joined(part, again)
        return _Part(part.first, part.last, optional)

    def _copy(self, part: _Part, start: int) -> _Part:
        end = len(self._next)
        for place in range(start, end):
            self._new(self._matched[place])
        by = end - start
        for place in range(start, end):
            following = self._next[place].items()
            self._next[place + by] = Counter({to + by: n for to, n in following})
        first, last = ([p + by for p in places] for places in (part.first, part.last))
        return _Part(tuple(first), tuple(last), part.nullable)

    def _loops(self) -> list[Counter[int]]:
        """What follows each place and leads back to it."""
        reached = [sum(1 << to for to in following) for following in self._next]
        for middle, place in product(range(len(reached)), repeat=2):
            if reached[place] >> middle & 1:
                reached[place] |= reached[middle]
        return [
            Counter({to: n for to, n in following.items() if reached[to] >> place & 1})
            for place, following in enumerate(self._next)
        ]

    def _meet(self, pair: tuple[int, int]) -> bool:
        """Whether one character fits both places."""
        return bool(self._matched[pair[0]] & self._matched[pair[1]])


def _bounds(token: re.Match[str]) -> tuple[int, int]:
    """How often at least and at most; `_MANY` for without end."""
    sign = token["repeat"][0]
    if sign != "{":
        return int(sign == "+"), 1 if sign == "?" else _MANY
    least = min(int(token["least"] or 0), _MANY)
    most = token["most"] if token["comma"] else token["least"]
    return least, min(int(most or _MANY), _MANY)
