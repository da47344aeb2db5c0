"""What a crash left behind is brought to its end, and no edit is lost by it."""

import pytest

from config_admin.fileinstall.drafts import (
    GONE,
    NEW,
    digest_of,
    draft_of,
    part_of,
    recover_draft,
)

OLD = b"a = 1\n"
OURS = b"a = 2\n"
EDIT = b"a = edited\n"
LATER = b"a = edited again\n"
OLD_DIGEST, OUR_DIGEST = digest_of(OLD), digest_of(OURS)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "p.cfg"


@pytest.fixture
def left_behind(path):
    """A draft with some bytes, beside a file with some bytes or none."""

    def leave(draft_data, file_data, old=OLD_DIGEST, new=OUR_DIGEST):
        draft = draft_of(path, old, new)
        draft.write_bytes(draft_data)
        if file_data is not None:
            path.write_bytes(file_data)
        return draft

    return leave


def names(path):
    return sorted(found.name for found in path.parent.iterdir())


@pytest.mark.parametrize(
    ("draft_data", "file_data"),
    [
        (OURS, OLD),  # before the exchange
        (OLD, OURS),  # after it
    ],
)
def test_a_draft_with_our_own_bytes_or_those_we_read_is_removed(
    path, left_behind, draft_data, file_data
):
    assert recover_draft(left_behind(draft_data, file_data)) is None

    assert path.read_bytes() == file_data
    assert names(path) == ["p.cfg"]


def test_an_edit_that_came_out_of_an_exchange_goes_back_to_its_place(path, left_behind):
    assert recover_draft(left_behind(EDIT, OURS)) == path

    assert path.read_bytes() == EDIT
    assert names(path) == ["p.cfg"]


def test_an_edit_whose_file_is_gone_goes_back_to_its_place(path, left_behind):
    draft = left_behind(EDIT, None, new=GONE)

    assert recover_draft(draft) == path

    assert path.read_bytes() == EDIT


def test_an_edit_whose_file_was_edited_again_is_kept_beside_it(path, left_behind):
    kept = recover_draft(left_behind(EDIT, LATER))

    assert kept == path.with_name("p.cfg.orig")
    assert kept.read_bytes() == EDIT
    assert path.read_bytes() == LATER
    assert names(path) == ["p.cfg", "p.cfg.orig"]


def test_a_removal_that_was_cut_off_is_brought_to_its_end(path, left_behind):
    assert recover_draft(left_behind(OLD, None, new=GONE)) is None

    assert names(path) == []


def test_a_new_file_that_was_not_put_in_place_is_forgotten(path, left_behind):
    assert recover_draft(left_behind(OURS, None, old=NEW)) is None

    assert names(path) == []


@pytest.mark.parametrize(
    "name", [".p.cfg.draft", ".p.cfg.new.gone.saved", ".p.cfg.123.456.draft"]
)
def test_files_that_are_called_otherwise_are_left_alone(path, name):
    other = path.with_name(name)
    other.write_bytes(EDIT)

    assert recover_draft(other) is None

    assert other.read_bytes() == EDIT


@pytest.mark.parametrize("pid", ["p", "a.new.gone", "x.draft", "n" * 196])
def test_a_draft_fits_every_pid(tmp_path, pid):
    path = tmp_path / f"{pid}.cfg"
    draft = draft_of(path, digest_of(OLD), digest_of(OURS))
    draft.write_bytes(EDIT)

    assert recover_draft(draft) == path


def test_a_draft_that_cannot_be_read_raises_and_stays(path):
    draft = draft_of(path, NEW, digest_of(OURS))
    draft.mkdir()

    with pytest.raises(OSError, match="directory"):
        recover_draft(draft)

    assert draft.is_dir()


def test_an_edit_that_a_crash_cut_off_is_installed_at_the_next_start(house, caplog):
    house.save("a = ours\n")
    ours = digest_of(house.file().read_bytes())
    draft = draft_of(house.file(), digest_of(b"a = 1\n"), ours)
    draft.write_text("a = edited\n")

    house.directory.recover()
    house.rest()

    assert house.properties() == {"a": "edited"}
    assert not draft.exists()
    (warning,) = caplog.messages
    assert str(house.file()) in warning


def test_a_draft_that_cannot_be_recovered_is_named_and_no_obstacle(house, caplog):
    draft = draft_of(house.file(), "0" * 16, "1" * 16)
    draft.mkdir()
    house.save("a = 1\n")

    house.directory.recover()
    house.rest()

    assert house.properties() == {"a": "1"}
    assert draft.name in caplog.text


def test_a_part_that_a_crash_left_is_worth_nothing(path):
    part = part_of(path)
    part.write_bytes(b"a = 5")
    path.write_bytes(OLD)

    assert recover_draft(part) is None
    assert names(path) == ["p.cfg"]


def test_a_torn_draft_of_a_new_file_never_becomes_the_file(path, left_behind):
    draft = left_behind(b"a = ", None, old=NEW)

    assert recover_draft(draft) is None
    assert names(path) == []


def test_an_edit_that_is_kept_beside_replaces_no_other(path, left_behind):
    draft = left_behind(EDIT, LATER)
    path.with_name("p.cfg.orig").write_text("the author's own")

    kept = recover_draft(draft)

    assert kept == path.with_name("p.cfg.2.orig")
    assert kept.read_bytes() == EDIT
    assert path.with_name("p.cfg.orig").read_text() == "the author's own"
