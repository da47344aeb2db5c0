"""
No text makes reading or writing slower than its length.

Each shape is read at one length and at eight times that. Linear work takes eight times
as long; quadratic work takes sixty-four times, which no noise of a busy machine hides.
"""

from time import thread_time

import pytest

from config_admin.core.errors import FormatError
from config_admin.formats import cfg

MEGABYTE = 10**6

SHAPES = {
    "backslashes": lambda size: "\\" * size,
    "a value of backslashes": lambda size: "a=" + "\\" * size,
    "an odd number of backslashes": lambda size: "a=" + "\\" * (size | 1),
    "one key": lambda size: "k" * size,
    "one line": lambda size: "a=" + "v" * size,
    "lines": lambda size: "".join(f"k{n}=v\n" for n in range(size // 10)),
    "folds": lambda size: "a=" + "x\\\n  " * (size // 5),
    "spaces": lambda size: "a" + " " * size,
    "escaped quotes": lambda size: 'a="' + '\\"' * (size // 2) + '"',
    "an array": lambda size: "a=[" + '"x",' * (size // 4) + "]",
    "an open array": lambda size: "a=[" + '"x",' * (size // 4),
    "zeros": lambda size: 'a=I"' + "0" * size + 'x"',
    "digits": lambda size: 'a=D"0.' + "9" * size + '"',
    "malformed escapes in folds": lambda size: "a=" + "\\u\\\n" * (size // 40),
    "lines without keys": lambda size: "=\n" * (size // 20),
    "sections": lambda size: "[a]\n" * (size // 40),
}


def seconds_to_read_and_write(text):
    start = thread_time()
    try:
        cfg.read(text)
        cfg.merge(text, {"new": "1"})
    except FormatError:
        pass
    return thread_time() - start


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_eight_times_the_text_takes_about_eight_times_as_long(shape):
    short, long = shape(MEGABYTE // 32), shape(MEGABYTE // 4)

    once = min(seconds_to_read_and_write(short) for _ in range(3))
    more = min(seconds_to_read_and_write(long) for _ in range(2))

    assert more < 24 * once + 0.1


def test_a_megabyte_is_read_whole():
    """CM-53: what the limit of a file lets in is read in no time."""
    assert cfg.loads("a=" + "\\" * MEGABYTE) == {"a": "\\" * (MEGABYTE // 2)}
    assert cfg.loads("k" * MEGABYTE) == {"k" * MEGABYTE: ""}
    assert len(cfg.loads("".join(f"k{n}=v\n" for n in range(100_000)))) == 100_000


def test_a_megabyte_that_deserves_a_million_warnings_gets_the_first_ones():
    begun_s = thread_time()
    found = cfg.read("a\n" * 500_000).warnings

    assert 100 <= len(found) <= 300
    assert found[0].line == 1
    assert thread_time() - begun_s < 5
