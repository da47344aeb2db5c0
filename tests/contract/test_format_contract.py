"""What every format owes, whatever its grammar; a new one adds a line to FORMATS."""

from time import thread_time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin import extensions
from config_admin.core.diagnostics import Severity
from config_admin.core.errors import FormatError
from config_admin.core.properties import Properties
from config_admin.formats import cfg, config, configurator

MEGABYTE = 10**6

# Beside each format: texts with comments and odd layout, that hold a = "1", b = "2" and
# the password "hunter2"; texts with faults in their lines 1 and 2, and with a secret in
# them; and texts that are long.
FORMATS = {
    ".cfg": SimpleNamespace(
        format=cfg,
        texts=[
            "# c\r\n\ta : 1\r\n\r\n! d\r\nb\\\r\n  =2\r\npassword hunter2\r\n# e",
            '\ufeffa=  "1"\n b = "2" \npassword="hunter\\\n  2"',
        ],
        faulty=["a=\\u1\nA=\\u2\n", 'a=I"x"\nb=I"y"\n'],
        secret=["password=\\uhunter2\n", 'password=I"hunter2"\n'],
        long=[
            lambda size: "a=" + "\\" * size,
            lambda size: "".join(f"k{n}=v\n" for n in range(size // 10)),
            lambda size: "a=" + "x\\\n" * (size // 4),
            lambda size: "a=" + "x \t" * (size // 3),
            lambda size: "k v\n" * (size // 40),
        ],
    ),
    ".config": SimpleNamespace(
        format=config,
        texts=[
            '# c\r\n\ta = "1"  # d\r\n\r\nb=\\\r\n "2"\r\npassword="hunter2"\r\n#e',
            ':own:=L"7"\npassword="hunter2"\na="1"\nb=T"2"',
        ],
        faulty=["a=1\nb=2\n", 'a=I"x"\n=\n', 'a\nA=["x"\n'],
        secret=[
            "password=hunter2\n",
            'password=I"hunter2"\n',
            "hunter2\n",
            'password="x" hunter2\n',
            'password=["x" hunter2]\n',
            'password=hunter2"x"\n',
        ],
        long=[
            lambda size: 'a="' + "\\" * size,
            lambda size: "".join(f'k{n}="v"\n' for n in range(size // 12)),
            lambda size: "a=[" + '"x",' * (size // 4) + "]",
            lambda size: "a=[" + '"x", \\\n' * (size // 8),
            lambda size: 'a="\n' * (size // 40),
            lambda size: 'k=["a",\n' * (size // 80),
            lambda size: '["\n' * (size // 30),
            lambda size: "a=" + " \\\n" * (size // 3),
            lambda size: "k\n" * (size // 20),
        ],
    ),
    ".json": SimpleNamespace(
        format=configurator,
        texts=[
            (
                '// c\r\n{\r\n\t"a" : "1" , /* d */\r\n  "b"\r\n : "2", // e\r\n'
                '  "password": "hunter2"\r\n  // f\r\n}\r\n/* g */'
            ),
            '\ufeff{"a":"1","b:String":"2","password":"hunter2"}',
        ],
        faulty=['{"a": null,\n"b": NaN}', '{"": 1,\n"b:Foo": 1}'],
        secret=[
            '{"password": hunter2}',
            '{"password:Integer": "hunter2"}',
            '{"password": "hunter2',
            '{"password": ["hunter2", 1]}',
            '{"password:Byte": ["hunter2"]}',
        ],
        long=[
            lambda size: '{"a": "' + "\\\\" * (size // 2) + '"}',
            lambda size: '{"a": "' + '\\"' * (size // 2),
            lambda size: "{" + ",".join(f'"k{n}": 1' for n in range(size // 12)) + "}",
            lambda size: '{"a": [' + '"x",' * (size // 4) + '"x"]}',
            lambda size: "{" + "/*" * (size // 2),
            lambda size: "{" + "/**/\n" * (size // 5) + "}",
            lambda size: '"' * size,
            lambda size: '\\"' * (size // 2),
            lambda size: "[{" * (size // 2),
            lambda size: '{"a": ' + "9" * size + "}",
            lambda size: '{"a": 0.' + "9" * size + "}",
            lambda size: '{"a": [' + "null," * (size // 60) + "null]}",
        ],
    ),
}

VALUES = st.one_of(
    st.text(max_size=8).filter(lambda text: "\0" not in text),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
)
LISTS = st.one_of(
    st.lists(st.sampled_from(["a", ' "\\=', "\n", ""]), max_size=3),
    st.lists(st.sampled_from([0, 1, 300, 2**40]), max_size=3),
    st.lists(st.sampled_from([1.5, 1.1, 1e300, 5e-324]), max_size=3),
)
KEYS = st.one_of(
    st.sampled_from(["a", "A", "b", "password", "new", "x y", "a:b", ":c:", "#d", "["]),
    st.text(min_size=1, max_size=4).filter(lambda text: "\0" not in text),
)
PROPERTIES = st.dictionaries(KEYS, VALUES | LISTS, max_size=5).filter(
    lambda properties: len({key.lower() for key in properties}) == len(properties)
)
BOTH = [(suffix, text) for suffix, one in FORMATS.items() for text in one.texts]


def each(part):
    return [
        pytest.param(one.format, case, id=f"{suffix}-{number}")
        for suffix, one in FORMATS.items()
        for number, case in enumerate(getattr(one, part))
    ]


@pytest.fixture(params=FORMATS)
def kept(request):
    return FORMATS[request.param].format


def test_every_built_in_format_is_under_contract():
    contracted = {id(one.format) for one in FORMATS.values()}

    assert {id(one) for one in extensions.formats().values()} == contracted
    assert [one.format.suffix for one in FORMATS.values()] == list(FORMATS)


@pytest.mark.parametrize(("kept", "text"), each("texts"))
def test_a_text_says_what_it_says_and_where(kept, text):
    reading = kept.read(text)

    assert reading.properties == {"a": "1", "b": "2", "password": "hunter2"}
    assert kept.loads(text) == reading.properties
    assert reading.places.keys() == reading.properties.keys()
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    for key, place in reading.places.items():
        begins = lines[place.line - 1][place.column - 1 :]
        assert begins.lstrip('"').startswith(key)
        value = lines[place.value_line - 1][place.value_column - 1 :]
        assert value.lstrip('T"')[0] == reading.properties[key][0]


@pytest.mark.parametrize(("kept", "text"), each("texts"))
def test_what_does_not_change_keeps_its_bytes(kept, text):
    properties = kept.loads(text)

    assert kept.merge(text, properties) == text
    assert kept.merge(text, {**properties, "a": "9"}) == text.replace("1", "9", 1)
    back = kept.merge(kept.merge(text, {**properties, "a": "9", "new": "n"}), {})
    for comment in ("# c", "// c", "! d", "# d", "/* d */", "# e", "// e", "/* g */"):
        assert (comment in back) == (comment in text)


@given(PROPERTIES)
@pytest.mark.parametrize("suffix", FORMATS)
def test_loads_undoes_dumps(suffix, properties):
    kept = FORMATS[suffix].format

    assert Properties(kept.loads(kept.dumps(properties))) == Properties(properties)


@given(PROPERTIES, PROPERTIES)
@pytest.mark.parametrize(("suffix", "text"), BOTH)
def test_a_merged_text_reads_as_what_was_merged(suffix, text, first, second):
    kept = FORMATS[suffix].format

    for properties in (first, second, {}):
        text = kept.merge(text, properties)
        assert Properties(kept.loads(text)) == Properties(properties)
        assert kept.merge(text, properties) == text


@pytest.mark.parametrize(("kept", "text"), each("faulty"))
def test_all_faults_are_told_at_once_each_with_its_place(kept, text):
    with pytest.raises(FormatError) as caught:
        kept.loads(text)

    faults = caught.value.diagnostics
    assert {fault.line for fault in faults} == {1, 2}
    assert list(faults) == sorted(faults, key=lambda one: (one.line, one.column))
    for fault in faults:
        assert fault.column >= 1
        assert fault.cure.endswith(".")
        assert fault.severity is Severity.ERROR


@pytest.mark.parametrize(("kept", "text"), each("secret"))
def test_a_fault_shows_nothing_of_a_secret(kept, text):
    with pytest.raises(FormatError) as caught:
        kept.loads(text)

    assert "hunt" not in str(caught.value)
    assert "hunt" not in repr(caught.value.diagnostics)


@pytest.mark.parametrize(("kept", "text"), each("secret"))
def test_a_text_that_cannot_be_read_is_not_written(kept, text):
    with pytest.raises(FormatError):
        kept.merge(text, {"a": "1"})


def seconds_to_use(kept, text):
    start = thread_time()
    try:
        properties = kept.read(text).properties
        kept.merge(text, {"new": "1"})
        kept.merge(text, {**properties, "new": "1"})
    except FormatError:
        pass
    return thread_time() - start


@pytest.mark.parametrize(("kept", "shape"), each("long"))
def test_eight_times_the_text_takes_about_eight_times_as_long(kept, shape):
    short, long = shape(MEGABYTE // 64), shape(MEGABYTE // 8)

    once = min(seconds_to_use(kept, short) for _ in range(3))
    more = min(seconds_to_use(kept, long) for _ in range(2))

    assert more < 24 * once + 0.1


def test_a_megabyte_is_read_whole(kept):
    text = kept.dumps({"a": "x\\" * (MEGABYTE // 2), "b": "1"})

    start = thread_time()
    properties = kept.read(text).properties

    assert thread_time() - start < 2.0
    assert len(properties["a"]) == MEGABYTE


def test_a_new_text_is_ended_by_a_line_end(kept):
    assert kept.dumps({"a": "1", "b": "2"}).endswith("\n")
    assert kept.loads(kept.dumps({})) == {}


@given(st.text(alphabet='a=I"[]{},:/*#\\ \n1', max_size=20))
@pytest.mark.parametrize("suffix", FORMATS)
def test_any_text_is_read_and_written_back_or_refused(suffix, text):
    kept = FORMATS[suffix].format
    try:
        properties = kept.loads(text)
    except FormatError:
        return
    assert kept.merge(text, properties) == text
    assert Properties(kept.loads(kept.dumps(properties))) == Properties(properties)
