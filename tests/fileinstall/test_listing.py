"""Which files of a directory are configurations, and of which PID."""

import os

import pytest

from config_admin.core.diagnostics import Severity
from config_admin.core.faults import FaultBook
from config_admin.core.pid import schema_pids
from config_admin.fileinstall.listing import Listing


class Desk:
    """A listing of a directory, and its faults."""

    def __init__(self, path):
        self.path = path
        self.book = FaultBook(lambda _came, _went: None)
        self.schemas = set()
        self.listing = Listing(
            path, path, (".cfg",), self.book, schema_of=self.schema_of
        )

    def schema_of(self, pid):
        return next((one for one in self.schemas if one in schema_pids(pid)), None)

    def write(self, *names):
        for name in names:
            (self.path / name).write_text("a = 1\n")

    def names(self):
        return [name for _pid, name, _status in self.listing.entries()]

    def holder(self, pid):
        """The file of *pid*; the others are told."""
        names = self.listing.files_of(pid)
        self.listing.report_seconds(pid, names[1:], names[0] if names else "")
        return names[0] if names else None

    def faults(self):
        return [(os.path.basename(f.file), f.pid) for f in self.book.all()]  # noqa: PTH119 - text for people


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_files_are_listed_in_the_order_of_their_names(desk):
    desk.write("b.cfg", "a.cfg", "a~x.cfg", "B.cfg")

    assert desk.names() == ["B.cfg", "a.cfg", "a~x.cfg", "b.cfg"]


def test_files_with_other_suffixes_and_hidden_ones_are_not_listed(desk):
    """CM-43."""
    desk.write(
        *("p.cfg", ".p.cfg", "p.cfg~", ".p.cfg.swp", "p.tmp", "p.cfg.bak"),
        *("p.cfg.orig", "p.cfg.refused", "p.cfg.rpmnew", "p.cfg.dpkg-old", "README"),
    )

    assert desk.names() == ["p.cfg"]
    assert desk.faults() == []


def test_directories_are_not_listed_whatever_they_are_called(desk):
    """CM-59."""
    (desk.path / "x.cfg").mkdir()
    (desk.path / "x.cfg" / "inside.cfg").write_text("a = 1\n")
    desk.write("y.cfg")

    assert desk.names() == ["y.cfg"]
    assert desk.holder("x") is None
    assert desk.faults() == []


def test_a_link_to_nowhere_is_listed_without_a_status(desk):
    (desk.path / "p.cfg").symlink_to("nowhere")

    assert list(desk.listing.entries()) == [("p", "p.cfg", None)]
    assert desk.holder("p") == "p.cfg"


def test_a_name_that_is_no_pid_is_a_fault_until_it_goes(desk):
    desk.write("p~.cfg", "q.cfg")

    assert desk.names() == ["q.cfg"]
    assert desk.faults() == [("p~.cfg", None)]
    (fault,) = desk.book.all()
    assert fault.cure == "Rename the file."

    (desk.path / "p~.cfg").rename(desk.path / "p.cfg")

    assert desk.names() == ["p.cfg", "q.cfg"]
    assert desk.faults() == []


def test_a_misnamed_file_that_goes_while_it_is_watched_is_no_fault_any_more(desk):
    desk.write("p~.cfg")
    assert desk.listing.pid_for("p~.cfg") is None
    assert desk.faults() == [("p~.cfg", None)]

    (desk.path / "p~.cfg").unlink()

    assert desk.listing.pid_for("p~.cfg") is None
    assert desk.faults() == []


def test_a_name_in_no_encoding_is_a_fault_and_harms_no_other(desk):
    with open(os.path.join(os.fsencode(desk.path), b"a\xff.cfg"), "wb"):  # noqa: PTH118, PTH123 - bytes are no Path
        pass
    desk.write("p.cfg")

    assert desk.names() == ["p.cfg"]
    assert desk.faults() == [("a\\udcff.cfg", None)]


def test_of_two_files_for_one_pid_the_first_by_name_holds(desk):
    """CM-43."""
    desk.write("f~x.cfg", "f-x.cfg")

    assert [pid for pid, _name, _status in desk.listing.entries()] == ["f~x", "f~x"]
    assert desk.holder("f~x") == "f-x.cfg"
    assert desk.faults() == [("f~x.cfg", "f~x")]
    (fault,) = desk.book.all()
    assert "'f-x.cfg' holds" in fault.cure


@pytest.mark.parametrize(
    ("removed", "left"), [("f-x.cfg", "f~x.cfg"), ("f~x.cfg", "f-x.cfg")]
)
def test_when_one_of_two_files_goes_the_other_holds_without_a_fault(
    desk, removed, left
):
    """CM-43."""
    desk.write("f~x.cfg", "f-x.cfg")
    desk.names()
    desk.holder("f~x")

    (desk.path / removed).unlink()

    assert desk.holder("f~x") == left
    assert desk.faults() == []


def test_each_pid_with_two_files_has_a_fault_of_its_own(desk):
    desk.write("f~x.cfg", "f-x.cfg", "%2Da.cfg", "-a.cfg")
    desk.names()

    assert desk.holder("-a") == "%2Da.cfg"
    assert desk.holder("f~x") == "f-x.cfg"
    assert desk.faults() == [("-a.cfg", "-a"), ("f~x.cfg", "f~x")]


def test_the_usual_file_of_a_pid_is_found_before_it_was_ever_listed(desk):
    desk.write("a%2Db.cfg")

    assert desk.holder("a-b") == "a%2Db.cfg"
    assert desk.holder("c") is None


def test_a_name_that_a_dash_splits_though_it_has_a_schema_as_a_whole_is_told(desk):
    desk.schemas.add("m.in-memory")
    desk.write("m.in-memory.cfg")

    assert desk.names() == ["m.in-memory.cfg"]

    (fault,) = desk.book.all()
    assert fault.severity is Severity.WARNING
    assert (fault.pid, fault.file) == (
        "m.in~memory",
        str(desk.path / "m.in-memory.cfg"),
    )
    assert fault.cure == "Rename the file to 'm.in%2Dmemory.cfg'."


@pytest.mark.parametrize("change", ["renamed", "removed", "schema"])
def test_a_split_name_is_told_until_it_is_mended(desk, change):
    desk.schemas.add("a-b")
    desk.write("a-b.cfg")
    desk.names()
    assert desk.faults() == [("a-b.cfg", "a~b")]

    if change == "renamed":
        (desk.path / "a-b.cfg").rename(desk.path / "a%2Db.cfg")
    elif change == "removed":
        (desk.path / "a-b.cfg").unlink()
    else:
        desk.schemas.add("a")
    desk.names()

    assert desk.faults() == []


@pytest.mark.parametrize(
    ("name", "schemas"),
    [
        ("a-b.cfg", []),
        ("a-b.cfg", ["a"]),
        ("a-b.cfg", ["a", "a-b"]),
        ("a-b.cfg", ["a~b", "a-b"]),
        ("a~b.cfg", ["a-b"]),
        ("a%2Db.cfg", ["a-b"]),
        ("-b.cfg", ["-b"]),
        ("a~b-c.cfg", ["a~b-c"]),
    ],
)
def test_a_name_that_is_meant_as_it_is_split_is_not_told(desk, name, schemas):
    desk.schemas.update(schemas)
    desk.write(name)

    assert desk.names() == [name]
    assert desk.faults() == []
