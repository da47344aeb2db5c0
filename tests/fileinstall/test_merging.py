"""What becomes of an edit when the admin has moved on."""

from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.properties import Properties
from config_admin.fileinstall.merging import loses_most, merge_by_key

values = st.one_of(st.sampled_from(["1", "2", "3"]), st.integers(1, 3), st.booleans())
properties = st.dictionaries(st.sampled_from("abcd"), values).map(Properties)


def merged(base, admin, file):
    found, superseded = merge_by_key(
        Properties(base), Properties(admin), Properties(file)
    )
    return dict(found), superseded


def test_a_key_that_one_side_changed_is_kept_from_that_side():
    base = {"a": "1", "b": "1", "c": "1", "d": "1"}
    admin = {"a": "admin", "b": "1", "d": "1", "new": "admin"}
    file = {"a": "1", "b": "file", "c": "1", "newer": "file"}

    assert merged(base, admin, file) == (
        {"a": "admin", "b": "file", "new": "admin", "newer": "file"},
        (),
    )


def test_a_key_that_both_changed_takes_the_files_value_and_is_named():
    assert merged({"a": "1"}, {"a": "2"}, {"a": "3"}) == ({"a": "3"}, ("a",))


def test_a_key_that_the_file_removed_and_the_admin_changed_is_gone_and_named():
    assert merged({"a": "1"}, {"a": "2"}, {}) == ({}, ("a",))


def test_a_key_that_the_admin_removed_and_the_file_changed_is_back_and_named():
    assert merged({"a": "1"}, {}, {"a": "2"}) == ({"a": "2"}, ("a",))


def test_what_both_changed_to_the_same_supersedes_nothing():
    assert merged({"a": "1"}, {"a": "2"}, {"a": "2"}) == ({"a": "2"}, ())


def test_a_text_and_a_number_are_different_values():
    assert merged({"a": "1"}, {"a": 1}, {"a": "1"}) == ({"a": 1}, ())
    assert merged({"a": 1}, {"a": 1}, {"a": True}) == ({"a": True}, ())


@given(properties, properties)
def test_an_admin_that_did_not_move_takes_the_file_as_it_is(base, file):
    assert merge_by_key(base, base, file) == (file, ())


@given(properties, properties)
def test_a_file_that_did_not_move_leaves_the_admin_as_it_is(base, admin):
    assert merge_by_key(base, admin, base) == (admin, ())


@given(properties, properties)
def test_two_sides_that_agree_are_kept(base, both):
    assert merge_by_key(base, both, both) == (both, ())


@given(properties, properties, properties)
def test_every_change_of_the_file_is_in_the_outcome(base, admin, file):
    found, superseded = merge_by_key(base, admin, file)

    for key in {*base, *admin, *file}:
        at_base, in_admin, in_file = (
            Properties({key: one[key]} if key in one else {})
            for one in (base, admin, file)
        )
        outcome = Properties({key: found[key]} if key in found else {})
        assert outcome == (in_file if in_file != at_base else in_admin)
        contested = in_file != at_base and in_admin not in (at_base, in_file)
        assert (key in superseded) == contested


@given(properties, properties, properties)
def test_merging_once_more_changes_nothing(base, admin, file):
    found, _ = merge_by_key(base, admin, file)

    assert merge_by_key(base, found, file) == (found, ())


def test_a_text_that_lost_more_than_half_of_its_keys_may_be_a_head():
    four = Properties(dict.fromkeys("abcd", "1"))

    assert loses_most(four, Properties({}))
    assert loses_most(four, Properties({"a": "1", "x": "1", "y": "1"}))
    assert not loses_most(four, Properties({"a": "2", "b": "2"}))
    assert not loses_most(four, four)


def test_where_nothing_was_nothing_can_be_lost():
    assert not loses_most(Properties({}), Properties({}))
    assert not loses_most(Properties({}), Properties({"a": "1"}))
