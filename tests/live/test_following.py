"""Files change in every way that files change, and the service follows."""

import os
import shutil
import subprocess
from types import SimpleNamespace

import pytest

ONE, TWO = {"a": "1", "b": "1"}, {"a": "2", "b": "1"}
TEXT, CHANGED = "# comment\na = 1\nb = 1\n", "# comment\na = 2\nb = 1\n"
END, END_TEXT = {"a": "end", "b": "end"}, "a = end\nb = end\n"


@pytest.fixture
def path(etc, service, save):
    """A file that was delivered."""
    save(etc / "p.cfg", TEXT)
    assert service.next() == ONE
    return etc / "p.cfg"


def test_a_new_file_is_delivered_and_a_removed_one_is_none(etc, service):
    """CM-39."""
    (etc / "p.cfg").write_text(TEXT)
    assert service.next() == ONE

    (etc / "p.cfg").unlink()
    assert service.next() is None

    (etc / "p.cfg").write_text(TEXT)
    assert service.next() == ONE
    assert service.calls == [ONE, None, ONE]


def test_changes_are_delivered_once_each_and_in_order(path, service, save):
    for number in range(50):
        save(path, f"a = {number}\nb = 1\n")
        assert service.next() == {"a": str(number), "b": "1"}

    assert [call["a"] for call in service.calls] == ["1", *map(str, range(50))]


def in_place(path):
    with path.open("w") as file:
        file.write(CHANGED)


def in_place_without_truncating(path):
    with path.open("r+") as file:
        file.seek(TEXT.index("1"))
        file.write("2")


def by_rename(path):
    draft = path.with_name("draft")
    draft.write_text(CHANGED)
    draft.replace(path)


def by_rename_from_elsewhere(path):
    draft = path.parent.with_name("draft")
    draft.write_text(CHANGED)
    draft.replace(path)


def aside_and_anew(path):
    """As vim does with backupcopy=no: there is a moment without a file."""
    aside = path.with_name("p.cfg~")
    path.rename(aside)
    path.write_text(CHANGED)
    aside.unlink()


def backup_and_in_place(path):
    """As vim does with backupcopy=yes."""
    shutil.copy(path, path.with_name("p.cfg~"))
    in_place(path)
    path.with_name("p.cfg~").unlink()


def removed_and_made_again(path):
    path.unlink()
    path.write_text(CHANGED)


def by_link(path):
    path.with_name("new").write_text(CHANGED)
    path.with_name("link").symlink_to("new")
    path.with_name("link").replace(path)


def by_cp(path):
    path.with_name("new").write_text(CHANGED)
    subprocess.run(["cp", path.with_name("new"), path], check=True)


def by_mv(path):
    path.with_name("new").write_text(CHANGED)
    subprocess.run(["mv", path.with_name("new"), path], check=True)


def by_sed(path):
    subprocess.run(["sed", "-i", "s/^a = 1/a = 2/", path], check=True)


def by_shell(path):
    subprocess.run(f"echo a = 2 >> {path}", shell=True, check=True)  # noqa: S602 - our own path


WAYS = [
    in_place,
    in_place_without_truncating,
    by_rename,
    by_rename_from_elsewhere,
    aside_and_anew,
    backup_and_in_place,
    removed_and_made_again,
    by_link,
    by_cp,
    by_mv,
    by_sed,
    by_shell,
]


@pytest.mark.parametrize("change", WAYS, ids=lambda change: change.__name__)
def test_a_change_is_delivered_once_however_it_was_made(change, path, service, save):
    """CM-39."""
    change(path)
    assert service.next() == TWO

    save(path, END_TEXT)
    assert service.next() == END
    assert service.calls == [ONE, TWO, END]


@pytest.mark.parametrize("options", ["backupcopy=no", "backupcopy=yes", "nobackup"])
@pytest.mark.parametrize("editor", [e for e in ("vim", "vi") if shutil.which(e)][:1])
def test_an_edit_in_vim_is_delivered_once(editor, options, path, service, save):
    """CM-39."""
    subprocess.run(
        [
            *(editor, "-u", "NONE", "-N", "-es", "-c", f"set {options} writebackup"),
            *("-c", "%s/^a = 1/a = 2/", "-c", "wq", path),
        ],
        stdin=subprocess.DEVNULL,
        check=True,
        timeout=15,
    )
    assert service.next() == TWO

    save(path, END_TEXT)
    assert service.next() == END
    assert service.calls == [ONE, TWO, END]


def test_a_file_that_is_moved_out_and_back_was_never_gone(
    path, service, sentinel, save
):
    """CM-39."""
    aside = path.parent.with_name("aside")
    path.rename(aside)
    sentinel()  # the absence was seen
    aside.rename(path)
    sentinel()

    save(path, END_TEXT)
    assert service.next() == END
    assert service.calls == [ONE, END]


def test_a_file_that_is_written_slowly_is_never_half(
    etc, service, sentinel, admin, start
):
    """CM-40."""
    pieces = ["a = 1", "b = 2", "c = 3", "d = 4"]
    steps = "; ".join(f"echo '{piece}' >&3; echo wrote; read _" for piece in pieces)
    writer = start(
        *("sh", "-c", f"exec 3> '{etc}/p.cfg'; {steps}"), stdin=subprocess.PIPE
    )
    for _ in pieces:
        writer.line_with("wrote")
        (etc / "p.cfg").chmod(0o640)  # a reason to look at it
        sentinel()
        assert service.calls == []
        assert admin.find("p") is None
        writer.process.stdin.write(b"go on\n")
        writer.process.stdin.flush()
    writer.process.stdin.close()

    assert service.next() == {"a": "1", "b": "2", "c": "3", "d": "4"}
    assert len(service.calls) == 1


def test_a_file_that_is_written_anew_slowly_is_never_half(
    path, service, sentinel, start
):
    """CM-40."""
    writer = start(
        *("sh", "-c", f"exec 3> '{path}'; echo 'a = 2' >&3; echo wrote; read _"),
        stdin=subprocess.PIPE,
    )
    writer.line_with("wrote")
    path.chmod(0o640)
    sentinel()
    writer.process.stdin.close()
    assert service.next() == {"a": "2"}

    assert service.calls == [ONE, {"a": "2"}]


def test_a_writer_that_closes_and_opens_again_is_waited_for(
    path, service, save, sentinel
):
    """CM-40: the beginning of a file is a whole text, but most of its keys are gone."""
    save(path, "a = 1\nb = 1\nc = 1\n")
    assert service.next() == dict.fromkeys("abc", "1")

    path.write_text("a = 2\n")
    sentinel()
    with path.open("a") as file:
        file.write("b = 2\nc = 2\n")

    assert service.next() == dict.fromkeys("abc", "2")


def test_another_branch_that_git_checks_out_is_followed(etc, admin, new_service, save):
    """CM-39: files change, come and go; git removes them and makes them anew."""
    services = {pid: new_service() for pid in "pqr"}
    for pid, service in services.items():
        admin.add_managed_service(pid, service)
        assert service.next() is None

    def git(*arguments):
        environment = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
            cwd=etc,
            env=os.environ | environment,
            check=True,
            capture_output=True,
        )

    git("init", "-b", "one")
    for branch, texts in (("one", {"p": ONE, "q": ONE}), ("two", {"p": TWO, "r": TWO})):
        git("checkout", "-B", branch)
        for old in etc.glob("*.cfg"):
            old.unlink()
        for pid, values in texts.items():
            save(etc / f"{pid}.cfg", "".join(f"{k} = {v}\n" for k, v in values.items()))
        git("add", "-A")
        git("commit", "-m", branch)
    for service in services.values():
        service.wait_for(TWO if service is not services["q"] else None)

    git("checkout", "one")
    services["p"].wait_for(ONE)
    services["q"].wait_for(ONE)
    services["r"].wait_for(None)

    git("checkout", "two")
    services["p"].wait_for(TWO)
    services["q"].wait_for(None)
    services["r"].wait_for(TWO)
    assert None not in services["p"].calls[1:]


def test_a_file_that_lost_most_of_its_keys_is_not_believed_at_once(
    path, service, save, sentinel
):
    """CM-40."""
    save(path, "")
    sentinel()
    assert service.calls == [ONE]

    save(path, CHANGED)
    assert service.next() == TWO
    assert service.calls == [ONE, TWO]


def test_a_file_that_stays_short_is_believed_in_the_end(path, service, save):
    """CM-40."""
    save(path, "# nothing is left\n")

    assert service.next() == {}


def test_a_configmap_that_kubernetes_swaps_is_one_change(etc, service, sentinel):
    """CM-39, CM-43: as kubelet does it; the files are links through ..data."""
    for version in ("1", "2"):
        (etc / f"..{version}").mkdir()
        (etc / f"..{version}" / "p.cfg").write_text(f"a = {version}\n")
    (etc / "..data").symlink_to("..1")
    (etc / "p.cfg").symlink_to("..data/p.cfg")
    assert service.next() == {"a": "1"}

    (etc / "..tmp").symlink_to("..2")
    (etc / "..tmp").replace(etc / "..data")
    assert service.next() == {"a": "2"}

    sentinel()
    assert service.calls == [{"a": "1"}, {"a": "2"}]


@pytest.mark.parametrize("link", ["..data", ".hidden", "current", "z.cfg"])
def test_a_link_that_files_lead_through_is_followed_whatever_its_name(
    link, etc, service
):
    """CM-43: an event on any link is a reason to look at everything."""
    for version in ("1", "2"):
        (etc / f"..{version}").mkdir()
        (etc / f"..{version}" / "p.cfg").write_text(f"a = {version}\n")
    (etc / link).symlink_to("..1")
    (etc / "p.cfg").symlink_to(f"{link}/p.cfg")
    assert service.next() == {"a": "1"}

    (etc / "..tmp").symlink_to("..2")
    (etc / "..tmp").replace(etc / link)

    assert service.next() == {"a": "2"}


def test_a_link_to_a_file_outside_is_read_and_never_written(
    etc, tmp_path, admin, service, wait_until
):
    """CM-39."""
    outside = tmp_path / "outside"
    outside.write_text(TEXT)
    (etc / "p.cfg").symlink_to(outside)
    assert service.next() == ONE

    admin.update("p", TWO)
    (fault,) = wait_until(admin.faults)

    assert "outside the directory" in fault.found
    assert outside.read_text() == TEXT
    assert (etc / "p.cfg").is_symlink()


def test_600_files_at_once_all_arrive(etc, admin, new_service):
    """CM-39."""
    came = new_service()
    pids = [f"burst.{number}" for number in range(600)]

    @admin.managed_service(*pids)
    def _updated(_pid, properties):
        if properties is not None:
            came.updated(properties)

    for pid in pids:
        (etc / f"{pid}.cfg").write_text(f"name = {pid}\n")

    assert {came.next()["name"] for _ in pids} == set(pids)
    assert len(came.calls) == len(pids)


MANY = 50_000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 3_000


def test_thousands_of_files_at_once_all_arrive(etc, admin, wait_until):
    """CM-39: as fast as they can be made; at night so many that the queue overflows."""
    came = set()
    admin.add_listener(
        SimpleNamespace(configuration_event=lambda event: came.add(event.pid))
    )
    folder = os.fspath(etc)
    for number in range(MANY):
        with open(f"{folder}/p{number}.cfg", "w") as file:  # noqa: PTH123 - twice as fast
            file.write(f"n = {number}\n")

    wait_until(lambda: len(came) == MANY, limit_s=MANY / 200)
    for number in range(0, MANY, MANY // 100):
        assert admin.get(f"p{number}").properties == {"n": str(number)}
    assert admin.faults() == ()


def test_more_events_than_the_queue_holds_lose_nothing(etc, admin, new_service, save):
    """CM-39."""
    services = {number: new_service() for number in range(20)}
    for number, service in services.items():
        admin.add_managed_service(f"p{number}", service)
    one, other = os.fspath(etc / "one"), os.fspath(etc / "other")
    (etc / "one").touch()
    for count in range(6_000):  # four events each, faster than they are taken
        os.rename(one, other)  # noqa: PTH104 - twice as fast
        os.rename(other, one)  # noqa: PTH104 - as above
        if count % 300 == 299:
            save(etc / f"p{count // 300}.cfg", f"a = {count}\n")

    for number, service in services.items():
        service.wait_for({"a": str(300 * number + 299)})


def test_names_that_are_none_of_ours_are_left_alone(etc, admin, service, sentinel):
    """CM-43, CM-59."""
    for name in (
        *(".p.cfg", "p.cfg~", "p.cfg.swp", "p.cfg.tmp", "p.cfg.bak", "p.cfg.orig"),
        *("p.cfg.refused", "p.cfg.rpmnew", "p.cfg.dpkg-old", "p.cfg.dpkg-dist"),
        *("p.tmp", "p.yaml", "README", ".config-admin.0.probe"),
    ):
        (etc / name).write_text("a = 1\n")
    (etc / "p.cfg").mkdir()
    (etc / "p.cfg" / "p.cfg").write_text("a = 1\n")
    (etc / "p.cfg" / "p.cfg").write_text("a = 2\n")
    sentinel()

    assert service.calls == []
    assert admin.faults() == ()


def test_an_instance_is_found_by_both_of_its_names(etc, admin, new_service, save):
    service = new_service()
    admin.add_managed_service("factory~one", service)
    service.next()

    save(etc / "factory-one.cfg", "a = 1\n")
    assert service.next() == {"a": "1"}
    (etc / "factory-one.cfg").rename(etc / "factory~one.cfg")
    save(etc / "factory~one.cfg", "a = 2\n")

    assert service.next() == {"a": "2"}
    assert service.calls == [None, {"a": "1"}, {"a": "2"}]
