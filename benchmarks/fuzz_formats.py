"""
Throw texts at every format until the time is up; stop at the first broken law.

    python benchmarks/fuzz_formats.py [seconds] [seed]

The laws: a text is read, or refused by `FormatError`, in time that does not explode;
what was read and merged back unchanged is the same text; and a changed property reads
as it was set while all others stay.
"""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, perf_counter

from config_admin import FormatError, InvalidConfigurationError, Properties
from config_admin.extensions import formats

CASES = Path(__file__).parent.parent / "tests" / "formats" / "data"
TOKENS = [
    *"=:#!\\ \t\f\n\r\"'[](){},$IlBxTFDC0123abz_-.~%",
    *(
        "\\u",
        "\\u0041",
        "\\ud83d",
        '\\"',
        "\r\n",
        "\\\n",
        "\\\r\n  ",
        "${a}",
        "$[env:X]",
    ),
    *(
        'I"3"',
        '["x","y"]',
        '("1")',
        'B"true"',
        "//",
        "/*",
        "*/",
        ":Integer",
        '":',
        "\0",
    ),
    *("true", "null", "1e9", "NaN", "\ufeff", "\u2028", "\x85", "é", "\U0001f600"),
]
VALUES = ["", " x ", "a=b", "#", "\\", "é\n", 3, -1, 2.5, True, ["a", "b"], [], [1, 2]]
SLOW_S = 1.0


def main() -> None:
    """Fuzz and print how many texts were tried."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32)  # noqa: PLR2004 - its place
    chance = random.Random(seed)
    corpus = list(texts())
    tried = read = 0
    slowest_s = 0.0
    deadline_s = monotonic() + seconds
    while monotonic() < deadline_s:
        suffix, file_format = chance.choice(list(formats().items()))
        text = mutated(chance, chance.choice(corpus))
        begun_s = perf_counter()
        try:
            read += check(chance, file_format, text)
        except AssertionError:
            sys.exit(f"seed {seed}: {suffix} breaks a law on {text!r}")
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            sys.exit(f"seed {seed}: {suffix} raises {error!r} on {text!r}")
        slowest_s = max(slowest_s, perf_counter() - begun_s)
        if slowest_s > SLOW_S:
            sys.exit(f"seed {seed}: {suffix} takes {slowest_s:.1f} s on {text!r}")
        tried += 1
    print(
        f"{tried:,} texts tried, {read:,} of them readable, no law broken; "
        f"the slowest took {slowest_s * 1000:.0f} ms (seed {seed})"
    )


def texts() -> Iterator[str]:
    """Every text that the tests know."""
    for path in sorted(CASES.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)["text"]
    yield '{\n  // a comment\n  "a": 1, "b:Integer": "3",\n  "c": ["x", "y"]\n}\n'
    yield '# a comment\na="x"\nb=I"3"\nc=[ \\\n  "x", \\\n  "y", \\\n  ]\n'


def mutated(chance: random.Random, text: str) -> str:
    """*text* with some pieces put in, taken out, or doubled."""
    pieces = list(text[:4000])
    for _ in range(chance.randrange(8)):
        at = chance.randrange(len(pieces) + 1)
        until = min(len(pieces), at + chance.randrange(12))
        change = chance.random()
        if change < 0.5:  # noqa: PLR2004 - half of them
            pieces[at:at] = chance.choices(TOKENS, k=chance.randrange(1, 4))
        elif change < 0.8:  # noqa: PLR2004 - a third
            del pieces[at:until]
        else:
            pieces[at:at] = pieces[at:until] * chance.randrange(1, 4)
    return "".join(pieces)


def check(chance: random.Random, file_format: object, text: str) -> bool:
    """Hold *text* to the laws; whether it could be read."""
    try:
        found = file_format.loads(text)
        properties = Properties(found)
    except (FormatError, InvalidConfigurationError):
        return False
    assert file_format.merge(text, found) == text
    changed = dict(properties)
    key = chance.choice([*changed, "new key"])
    changed[key] = chance.choice(VALUES)
    try:
        merged = file_format.merge(text, changed)
    except FormatError:
        return True  # it says that it would lose a comment
    assert Properties(file_format.loads(merged)) == Properties(changed)
    return True


if __name__ == "__main__":
    main()
