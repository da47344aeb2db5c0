"""What becomes a row becomes the same again."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.configuration import Configuration, Origin, OriginKind
from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.core.properties import Properties, typed
from config_admin.core.storage import FileRecord
from config_admin.stores.rows import (
    configuration_of,
    file_record_of,
    file_row_of,
    microseconds,
    row_of,
    stored_text,
    text_of,
)

# What a file can hold; and what Python makes of names that are no text.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
ANY_TEXT = st.lists(TEXT | st.sampled_from("\0\udc80\udcff"), max_size=3).map("".join)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = [TEXT, INTEGERS, FLOATS, st.booleans()]
VALUES = st.one_of(*SCALARS, *(st.lists(one).map(tuple) for one in SCALARS))
KEYS = TEXT.filter(bool)
PROPERTIES = st.builds(
    lambda items, secret: Properties(items, secret_keys=secret),
    st.lists(
        st.tuples(KEYS, VALUES), unique_by=lambda item: item[0].lower(), max_size=5
    ).map(dict),
    st.lists(KEYS, max_size=2),
)
CONFIGURATIONS = st.builds(
    Configuration,
    pid=KEYS,
    properties=PROPERTIES,
    revision=st.integers(1, 2**63 - 1),
    origin=st.builds(Origin, st.sampled_from(OriginKind), ANY_TEXT),
    deleted=st.booleans(),
    reason=st.none() | ANY_TEXT,
    changed_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)
DIAGNOSTICS = st.builds(
    Diagnostic,
    found=ANY_TEXT,
    expected=ANY_TEXT,
    cure=ANY_TEXT,
    rule=TEXT,
    key=st.none() | ANY_TEXT,
    file=st.none() | ANY_TEXT,
    line=st.none() | st.integers(1),
    column=st.none() | st.integers(1),
    severity=st.sampled_from(Severity),
)
RECORDS = st.builds(
    FileRecord,
    file=ANY_TEXT,
    known=st.none() | TEXT,
    pending=st.none() | TEXT,
    revision=st.integers(0, 2**63 - 1),
    properties=PROPERTIES,
    refused=st.lists(DIAGNOSTICS, max_size=2).map(tuple),
    schema=st.none(),
    signature=st.none() | st.lists(st.integers()).map(tuple),
    has_warnings=st.booleans(),
)


def facts(properties):
    """All of it: keys as written, in their order, types, and what is masked."""
    items = [(key, typed(value)) for key, value in properties.items()]
    return repr(items), properties.secret_keys  # 0.0 and -0.0 are not one


def through_sqlite(row, ask):
    marks = ", ".join("?" * len(row))
    (found,) = ask(":memory:", f"SELECT {marks}", *row)
    return found


@given(one=CONFIGURATIONS)
def test_a_configuration_comes_back(ask, one):
    back = configuration_of(through_sqlite(row_of(one), ask))

    assert back == one
    assert back.changed_at == one.changed_at
    assert facts(back.properties) == facts(one.properties)


@given(record=RECORDS)
def test_what_is_remembered_of_a_file_comes_back(ask, record):
    back = file_record_of(through_sqlite(file_row_of(record), ask))

    assert back == record
    assert facts(back.properties) == facts(record.properties)


@given(ANY_TEXT)
def test_any_text_can_be_stored(text):
    assert text_of(stored_text(text)) == text


@given(st.datetimes(timezones=st.timezones()), st.datetimes(timezones=st.timezones()))
def test_microseconds_are_in_the_order_of_time(one, other):
    assert (microseconds(one) < microseconds(other)) == (one < other)


def test_no_time_stays_none():
    assert microseconds(None) is None
    assert microseconds(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)) == 1_000_005
