"""Each fault is told once when it comes and once when it goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.faults import Fault, FaultBook, FaultKind, faults_of

FILE = FaultKind.FILE
SCHEMA = FaultKind.SCHEMA


def fault(found, *, kind=FILE, file=None, line=None, pid=None):
    diagnostic = Diagnostic(
        found=found, expected="-", cure="-", rule="-", file=file, line=line
    )
    return Fault.of(kind, pid, diagnostic)


A, B, C = (fault(found) for found in "abc")


@pytest.fixture
def told():
    return []


@pytest.fixture
def book(told):
    return FaultBook(lambda came, went: told.append((tuple(came), tuple(went))))


def test_a_fault_is_a_diagnostic_with_its_kind():
    diagnostic = Diagnostic(
        key="k", found="a", expected="b", cure="C.", rule="r", file="f", line=1
    )

    made = Fault.of(SCHEMA, "a.pid", diagnostic)

    assert (made.kind, made.pid) == (SCHEMA, "a.pid")
    assert str(made) == str(diagnostic)
    assert Fault.of(SCHEMA, "a.pid", made) == made
    assert made.at("g", 2, None).place == "g:2"


@pytest.mark.parametrize(
    ("own_file", "file", "place"),
    [
        (None, None, "3:4"),
        (None, "f", "f:3:4"),
        ("own", None, "own:3:4"),
        ("own", "f", "own:3:4"),
    ],
)
def test_what_is_in_no_file_is_in_that_of_its_configuration(own_file, file, place):
    found = Diagnostic(
        found="a", expected="b", cure="C.", rule="r", file=own_file, line=3, column=4
    )

    (made,) = faults_of(SCHEMA, "a.pid", [found], file)

    assert (made.kind, made.pid, made.found) == (SCHEMA, "a.pid", "a")
    assert made.place == place
    assert (made.line, made.column) == (3, 4)


def test_a_fault_is_told_when_it_comes_and_when_it_goes(book, told):
    """CM-21."""
    book.report(FILE, "a", [A])
    book.report(FILE, "a", [A])
    book.clear(FILE, "a")
    book.clear(FILE, "a")

    assert told == [((A,), ()), ((), (A,))]
    assert book.all() == ()


def test_only_the_difference_is_told(book, told):
    book.report(FILE, "a", [A, B])
    book.report(FILE, "a", [B, C])

    assert told[-1] == ((C,), (A,))
    assert book.all() == (B, C)


def test_no_fault_is_no_news(book, told):
    book.report(FILE, "a", [])
    book.clear(FILE, "a")

    assert told == []


def test_subjects_and_kinds_do_not_touch_each_other(book):
    book.report(FILE, "a", [A])
    book.report(FILE, "b", [B])
    book.report(SCHEMA, "a", [C])

    book.clear(FILE, "a")

    assert book.all() == (B, C)


def test_faults_are_in_the_order_of_file_line_and_pid(book):
    last = fault("d", file="b.cfg", line=1)
    third = fault("c", file="a.cfg", line=10)
    second = fault("b", file="a.cfg", line=9)
    first = fault("a", pid="z")
    zeroth = fault("0", pid="a")

    book.report(FILE, "1", [last, third, second])
    book.report(FILE, "2", [first])
    book.report(FILE, "3", [zeroth])

    assert book.all() == (zeroth, first, second, third, last)


def test_what_has_no_file_line_or_pid_comes_before_what_has():
    in_order = [
        fault("0"),
        fault("1", pid="A"),
        fault("2", file="A.cfg", pid="z"),
        fault("3", file="A.cfg", line=1, pid="a"),
        fault("4", file="A.cfg", line=1, pid="b"),
    ]
    book = FaultBook(lambda *_: None)

    for number, one in enumerate(reversed(in_order)):
        book.report(FILE, str(number), [one])

    assert book.all() == tuple(in_order)


def test_who_is_told_may_look_into_the_book():
    seen = []
    book = FaultBook(lambda *_: seen.append(book.all()))

    book.report(FILE, "a", [A])
    book.clear(FILE, "a")

    assert seen == [(A,), ()]


@pytest.mark.parametrize("error", [OSError, SystemExit])
def test_who_is_told_may_fail(error):
    """CM-21: who reports goes on, whatever a log handler raises."""

    def fail(came, went):
        raise error(came, went)

    book = FaultBook(fail)
    book.report(FILE, "a", [A])

    assert book.all() == (A,)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([FILE, SCHEMA]),
            st.sampled_from("ab"),
            st.lists(st.sampled_from([A, B, C]), unique=True),
        )
    )
)
def test_who_adds_up_what_is_told_knows_the_book(reports):
    known = []

    def tell(came, went):
        for one in went:
            known.remove(one)
        known.extend(came)

    book = FaultBook(tell)
    for kind, subject, faults in reports:
        book.report(kind, subject, faults)

    assert sorted(map(str, known)) == sorted(map(str, book.all()))
