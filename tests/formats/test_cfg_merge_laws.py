"""What holds for every text and whatever is merged into it."""

from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.errors import FormatError, InvalidConfigurationError
from config_admin.core.properties import Properties
from config_admin.formats import cfg

NEWLINES = st.sampled_from(["\n", "\n", "\r\n", "\r"])
SPACES = st.sampled_from(["", "", " ", "\t", " \f ", "\\\n", "\\\r\n  ", "\\\r\t"])
NASTY = st.sampled_from(
    [
        "\\",
        "\\\\",
        "\\t",
        "\\u0041",
        "\\\n ",
        "\\\r",
        "\\ ",
        "\\=",
        '"',
        "[",
        "#",
        "\ufeff",
    ]
)
KEYS = st.sampled_from(
    ["a", "b", "c", "A", "key", "\\a", "a\\\nb", "[x]", "\ufeffk", '"']
)
PLAIN = st.lists(st.one_of(NASTY, st.text(max_size=3)), max_size=4).map("".join)
TYPED = st.sampled_from(
    [
        '"x"',
        'T"a\\"b"',
        'I"3"',
        'x"-1"',
        'F"1.5"',
        'd"4609434218613702656"',
        'B"TRUE"',
        'C"z"',
        "[]",
        "L( )",
        '[ "x", \\\n "y", ]  ',
        'S("1","2")',
        '"\\u0041" \\\r\n ',
        'f["1.1"]',
    ]
)
SEPARATORS = st.tuples(SPACES, st.sampled_from(["=", ":", " ", ""]), SPACES).map(
    "".join
)


def texts(values):
    entry = st.tuples(SPACES, KEYS, SEPARATORS, values, NEWLINES).map("".join)
    other = st.sampled_from(["# c\n", "! \\\r\n", "\n", "\r", "  \t\n", "#\r"])
    end = st.sampled_from(
        ["", "", "a", "b=\\", "c = x\\", "# c", "k\\", " \\\n\t", "\ufeff"]
    )
    lines = st.lists(st.one_of(entry, entry, other), max_size=6).map("".join)
    bom = st.sampled_from(["", "", "", "\ufeff"])
    return st.tuples(bom, lines, end).map("".join)


TEXTS = st.one_of(
    texts(TYPED),
    texts(PLAIN),
    texts(st.one_of(TYPED, PLAIN)),
    st.text('ab=:\\\n\r\t "[]I1#\ufeff'),
)

STRINGS = st.one_of(
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6
    ),
    st.sampled_from(
        ['"x"', 'I"3"', 'f"1.5"', "[]", '("a",)', " x ", "=:", "\\", "\n#"]
    ),
    PLAIN.filter(lambda text: "\0" not in text),
)
INTEGERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.sampled_from([127, 128, -32769, 2**31])
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.one_of(
    STRINGS,
    STRINGS,
    INTEGERS,
    FLOATS,
    st.booleans(),
    *[
        st.lists(items, max_size=3)
        for items in (STRINGS, INTEGERS, FLOATS, st.booleans())
    ],
)


def storable(values):
    keys = st.one_of(
        st.sampled_from(["a", "b", "AB", "key", "\\", "[x]", "\ufeffk", "#", " "]),
        STRINGS.filter(bool),
    )
    return st.dictionaries(keys, values, max_size=5).filter(
        lambda properties: len({key.lower() for key in properties}) == len(properties)
    )


PROPERTIES = st.one_of(storable(STRINGS), storable(VALUES))


def loaded(text):
    """The properties of *text*; None if it cannot be read, or holds a NUL."""
    try:
        return Properties(cfg.loads(text))
    except (FormatError, InvalidConfigurationError):
        return None


@given(PROPERTIES)
def test_loads_undoes_dumps(properties):
    assert Properties(cfg.loads(cfg.dumps(properties))) == Properties(properties)


@given(TEXTS, PROPERTIES)
def test_a_merged_text_reads_as_what_was_merged(text, properties):
    if loaded(text) is not None:
        merged = cfg.merge(text, properties)

        assert Properties(cfg.loads(merged)) == Properties(properties)


@given(TEXTS, st.data())
def test_a_change_of_some_properties_leaves_the_others(text, data):
    before = loaded(text)
    if before is None:
        return
    gone = data.draw(st.sets(st.sampled_from([*before, "-"])))
    new = data.draw(PROPERTIES)
    wanted = before.without(gone).with_items(new)

    merged = cfg.merge(text, wanted)

    assert Properties(cfg.loads(merged)) == wanted
    assert cfg.merge(merged, wanted) == merged


@given(TEXTS)
def test_merging_what_is_there_changes_no_byte(text):
    properties = loaded(text)
    if properties is not None:
        assert cfg.merge(text, properties) == text


@given(TEXTS, PROPERTIES)
def test_the_spelling_of_the_texts_keys_stays(text, properties):
    before = loaded(text)
    if before is not None:
        after = cfg.loads(cfg.merge(text, properties))

        assert [key for key in after if key in before] == [
            key for key in before if key in Properties(properties)
        ]
