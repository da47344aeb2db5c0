"""Without permission nothing is lost, and what others own is read with care."""

import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest

from config_admin import ConfigAdmin, Directory
from config_admin.fileinstall.drafts import digest_of
from config_admin.fileinstall.reading import read_file
from config_admin.fileinstall.writing import create_file, remove_file, replace_file

OLD, NEW = b"a = 1\n", b"a = 2\n"


@pytest.fixture
def path():
    """A file of ours, in a directory that everybody may look into."""
    folder = Path(tempfile.mkdtemp())
    path = folder / "p.cfg"
    path.write_bytes(OLD)
    replace_file(path, OLD, digest_of(OLD))  # everything is imported and looked up
    os.utime(path, (0, 0))  # nobody has just written to it
    yield path
    folder.chmod(stat.S_IRWXU)
    shutil.rmtree(folder)


@pytest.fixture
def raised_without_privileges(without_privileges):
    """The name of what *call* raises when root is not who calls it."""
    return lambda call: without_privileges(call).partition(":")[0] or "nothing"


CALLS = {
    "create": lambda path: create_file(path.with_name("q.cfg"), NEW),
    "replace": lambda path: replace_file(path, NEW, digest_of(OLD)),
    "remove": lambda path: remove_file(path, digest_of(OLD)),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_directory_that_may_not_be_written_is_left_as_it_is(
    path, raised_without_privileges, call
):
    path.parent.chmod(0o555)

    assert raised_without_privileges(lambda: call(path)) == "PermissionError"

    assert path.read_bytes() == OLD
    assert [found.name for found in path.parent.iterdir()] == ["p.cfg"]


def test_an_exchange_that_the_directory_forbids_leaves_no_draft(
    path, raised_without_privileges
):
    """In a sticky directory nobody may rename what belongs to somebody else."""
    path.parent.chmod(0o1777)
    path.chmod(0o644)
    expected = "PermissionError" if os.geteuid() == 0 else "nothing"

    assert raised_without_privileges(lambda: CALLS["replace"](path)) == expected

    assert path.read_bytes() == (OLD if os.geteuid() == 0 else NEW)
    assert [found.name for found in path.parent.iterdir()] == ["p.cfg"]


def test_a_file_of_somebody_else_is_read_when_it_is_still(
    path, raised_without_privileges
):
    """CM-40: whether a writer holds it open the system tells its owner only."""
    path.parent.chmod(0o755)
    path.chmod(0o644)
    assert raised_without_privileges(lambda: read_file(path, 60.0)) == "nothing"

    os.utime(path)
    expected = "FileBusyError" if os.geteuid() == 0 else "nothing"
    assert raised_without_privileges(lambda: read_file(path, 60.0)) == expected


def test_a_file_that_may_not_be_read_is_unreadable(path, raised_without_privileges):
    """CM-39."""
    path.parent.chmod(0o755)
    path.chmod(0o200)

    assert raised_without_privileges(lambda: read_file(path, 0)) == (
        "UnreadableFileError"
    )


@pytest.mark.integration
def test_a_directory_that_is_closed_keeps_nothing_from_the_others(
    path, raised_without_privileges
):
    """CM-44: whether the PID has a file in it nobody can say."""
    high = path.parent / "high"
    high.mkdir(mode=0o000)
    path.parent.chmod(0o755)
    path.chmod(0o644)

    def start():
        directories = [Directory(high, ranking=1), path.parent]
        with ConfigAdmin(directories, store=None) as admin:
            assert admin.get("p").properties == {"a": "1"}
            assert len(admin.faults()) == 1

    with ConfigAdmin(path.parent, store=None):
        pass  # everything is imported

    assert raised_without_privileges(start) == "nothing"
