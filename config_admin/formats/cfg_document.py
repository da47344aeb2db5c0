"""A ``.cfg`` text as a ConfigObj; the only module that imports configobj."""

from configobj import ConfigObj

from config_admin.formats import lines
from config_admin.formats.parsed import Parsed


def as_config_obj(parsed: Parsed) -> ConfigObj:
    """
    The properties of *parsed* in their order, each with the comments above it.

    Comments stand as they were written, blank lines among them. Those down to the last
    blank line above the first property are the file's: ``initial_comment``. Those
    behind the last property are ``final_comment``.
    """
    document = ConfigObj(
        list_values=False, interpolation=False, write_empty_values=True
    )
    blocks = _comment_blocks(parsed)
    if parsed.entries:
        document.initial_comment, blocks[0] = _split_header(blocks[0])
    for key, value, block in zip(parsed.keys, parsed.values, blocks, strict=False):
        document[key] = value
        document.comments[key] = document.comments[key] + block
    document.final_comment = blocks[-1]
    return document


def _comment_blocks(parsed: Parsed) -> list[list[str]]:
    """The comment and blank lines above each entry, and those behind the last."""
    starts = [entry.start() for entry in parsed.entries]
    ends = [entry.end() for entry in parsed.entries]
    spans = zip([0, *ends], [*starts, len(parsed.text)], strict=True)
    return [list(lines.natural_lines(parsed.text[start:end])) for start, end in spans]


def _split_header(block: list[str]) -> tuple[list[str], list[str]]:
    blank = [index for index, line in enumerate(block) if not line.strip()]
    split = blank[-1] + 1 if blank else 0
    return block[:split], block[split:]
