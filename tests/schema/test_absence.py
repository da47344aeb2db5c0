"""A schema that is away for a moment switches no check off."""

import pytest

PORT = {"properties": {"port": {"type": "integer"}, "key": {"writeOnly": True}}}


@pytest.fixture
def away(desk):
    """A desk whose good schema was used, and has gone."""
    desk.write("p", PORT)
    desk.check({"port": "1"})
    desk.told.clear()
    desk.path("p").rename(desk.directory / "p~")
    return desk


def put_back(desk):
    (desk.directory / "p~").rename(desk.path("p"))


def test_a_schema_that_is_away_holds_until_its_grace_ends(away):
    """CM-35."""
    generation = away.validator.schema_of("p")

    away.refused({"port": "x"})
    assert away.validator.is_secret("p", "key")
    away.now_s = 0.9
    assert away.check({"port": "1"}).schema == generation
    away.now_s = 1.0
    assert away.validator.schema_of("p") is None
    assert away.check({"port": "x"}).properties == {"port": "x"}
    assert away.told == []


def test_a_schema_that_comes_back_was_never_away(away):
    away.refused({"port": "x"})
    put_back(away)
    away.refused({"port": "x"})
    assert away.catalog.pending_s() is None

    away.now_s = 5.0
    away.path("p").rename(away.directory / "p~")
    away.refused({"port": "x"})
    assert away.catalog.pending_s() == 1.0
    assert away.told == []


def test_the_catalog_says_when_it_has_to_be_looked_at_again(away):
    catalog = away.catalog
    away.write("q", {})
    away.check({}, "q")
    assert catalog.pending_s() is None  # nobody has looked yet

    away.check({})
    away.now_s = 0.25
    away.path("q").unlink()
    away.check({}, "q")

    assert catalog.pending_s() == 0.75
    away.now_s = 1.0
    assert catalog.pending_s() == 0.0
    assert catalog.pending_s() == 0.25
    assert away.validator.schema_of("p") is None
    away.now_s = 2.0
    assert catalog.pending_s() == 0.0
    assert catalog.pending_s() is None


def test_a_schema_that_is_back_when_its_grace_ends_holds_on(away):
    away.check({})
    put_back(away)
    away.now_s = 1.0

    assert away.catalog.pending_s() == 0.0
    assert away.catalog.pending_s() is None
    away.refused({"port": "x"})


@pytest.mark.parametrize("instead", ["nothing", "file", "loop"])
def test_while_the_directory_is_away_every_known_schema_stays(
    tmp_path, open_desk, instead
):
    """CM-35."""
    directory = tmp_path / "schemas"
    directory.mkdir()
    desk = open_desk(directory)
    desk.write("f", PORT)
    desk.refused({"port": "x"}, "f~x")

    directory.rename(tmp_path / "gone")
    if instead == "file":
        directory.write_text("")
    elif instead == "loop":
        directory.symlink_to(directory)
    for desk.now_s in (0.0, 5.0, 50.0):
        desk.refused({"port": "x"}, "f~x")
        desk.refused({"port": "x"}, "f~never-checked")
        assert desk.catalog.pending_s() is None
    assert desk.check({}, "unknown").schema is None

    if instead != "nothing":
        directory.unlink()
    (tmp_path / "gone").rename(directory)
    desk.write("f", {})
    desk.check({"port": "x"}, "f~x")


def test_a_directory_that_comes_back_empty_starts_the_grace(tmp_path, open_desk):
    directory = tmp_path / "schemas"
    directory.mkdir()
    desk = open_desk(directory)
    desk.write("p", PORT)
    desk.check({})
    directory.rename(tmp_path / "gone")
    desk.now_s = 50.0
    desk.refused({"port": "x"})

    directory.mkdir()

    desk.refused({"port": "x"})
    assert desk.catalog.pending_s() == 1.0


def test_a_directory_that_goes_during_the_grace_stops_it(tmp_path, open_desk):
    directory = tmp_path / "schemas"
    directory.mkdir()
    desk = open_desk(directory)
    desk.write("p", PORT)
    desk.check({})
    desk.path("p").unlink()
    desk.check({})
    directory.rmdir()
    desk.now_s = 1.0

    assert desk.catalog.pending_s() == 0.0
    assert desk.catalog.pending_s() is None
    desk.refused({"port": "x"})


def test_without_a_directory_that_can_be_read_there_is_no_schema(tmp_path, open_desk):
    (tmp_path / "file").write_text("")

    for name in ("missing", "file"):
        assert open_desk(tmp_path / name).check({"port": "x"}).schema is None


def test_a_schema_that_cannot_be_read_is_no_absent_one(desk):
    desk.path("never-good").symlink_to(desk.path("never-good"))
    desk.write("p", PORT)
    desk.check({})
    desk.path("p").unlink()
    desk.path("p").symlink_to(desk.path("p"))
    desk.now_s = 50.0

    assert "cannot be read" in str(desk.refused({}, "never-good"))
    desk.refused({"port": "x"})
    assert desk.catalog.pending_s() is None
    assert len(desk.book.all()) == 2


def test_who_asks_for_a_generation_is_told_nothing(desk):
    desk.write("p", "{")

    desk.validator.schema_of("p")
    desk.validator.is_secret("p", "key")
    assert desk.told == []

    desk.catalog.report_pending()
    desk.catalog.report_pending()
    ((came, went),) = desk.told
    assert (len(came), len(went)) == (1, 0)


def test_what_a_generation_found_is_told_by_the_next_find(desk):
    desk.write("p", "{")
    desk.validator.schema_of("p")

    desk.check({}, "another")

    assert len(desk.told) == 1
