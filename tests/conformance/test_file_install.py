"""Files that come, change and go, and changes that are written to them."""

import os
import stat

import pytest

from config_admin import (
    ConfigAdmin,
    InvalidConfigurationError,
    NoSuchConfigurationError,
    ReadOnlyConfigurationError,
    Settings,
)

A1, A2 = {"a": "1"}, {"a": "2"}


@pytest.fixture
def following(live, service):
    """The service of "p"; it has been told that there is nothing yet."""
    live.add_managed_service("p", service)
    assert service.inbox.next() is None
    return service


@pytest.fixture
def sentinel(live, etc, new_service, save):
    """Let a change of another file go all the way: what was on its way has come."""
    service = new_service()
    live.add_managed_service("sentinel", service)
    service.inbox.next()

    def send():
        value = str(len(service.calls))
        save(etc / "sentinel.cfg", f"n = {value}\n")
        service.inbox.skip_to({"n": value})

    return send


def read_again(etc, pid):
    """What another admin reads from the files."""
    with ConfigAdmin(etc) as admin:
        return dict(admin.get(pid).properties)


# Names


@pytest.mark.parametrize(
    ("name", "pid", "factory_pid"),
    [
        ("pid.cfg", "pid", None),
        ("factory-pid.cfg", "factory~pid", "factory"),
        ("factory~pid.cfg", "factory~pid", "factory"),
        ("a.b.c.cfg", "a.b.c", None),
        ("a.b-c-d.cfg", "a.b~c-d", "a.b"),
        ("a-b~c.cfg", "a-b~c", "a-b"),
        ("with%2Ddash.cfg", "with-dash", None),
    ],
)
def test_the_name_of_a_file_is_its_pid(etc, name, pid, factory_pid):
    """
    CM-02, CM-39. Felix ConfigInstallerTest.testParsePidWithoutFactoryPid,
    testParsePidWithFactoryPid, testGetNewFactoryConfiguration and
    testGetExistentNoFactoryConfiguration.
    """
    (etc / name).write_text("testkey = testvalue\n")

    with ConfigAdmin(etc) as admin:
        (found,) = admin.list_configurations()

    assert (found.pid, found.factory_pid) == (pid, factory_pid)
    assert dict(found.properties) == {"testkey": "testvalue"}


@pytest.mark.parametrize(
    "name",
    [
        ".p.cfg", "p.cfg~", "p.cfg.swp", "p.cfg.tmp", "p.cfg.bak", "p.cfg.orig",
        "p.cfg.refused", "p.cfg.rpmnew", "p.cfg.dpkg-dist", "p.ini", "p.txt", "p",
    ],
)  # fmt: skip
def test_other_files_are_ignored(etc, name):
    """
    CM-43. Felix DirectoryWatcherTest.testParameterAfterInitialization (a filter); File
    Install handles known suffixes only.
    """
    (etc / name).write_text("a = 1\n")

    with ConfigAdmin(etc) as admin:
        assert admin.list_configurations() == ()
        assert admin.faults() == ()


def test_only_files_directly_in_the_directory_count(etc):
    """CM-59. Felix DirectoryWatcher with felix.fileinstall.subdir.mode=skip."""
    (etc / "sub").mkdir()
    (etc / "sub" / "p.cfg").write_text("a = 1\n")
    (etc / "x.cfg").mkdir()

    with ConfigAdmin(etc) as admin:
        assert admin.list_configurations() == ()


def test_the_first_of_two_files_of_one_pid_holds(etc):
    """CM-43. Felix takes the one that comes last; here the other is a fault."""
    (etc / "f-x.cfg").write_text("a = 1\n")
    (etc / "f~x.cfg").write_text("a = 2\n")

    with ConfigAdmin(etc) as admin:
        assert dict(admin.get("f~x").properties) == A1
        assert ["f~x.cfg" in str(fault) for fault in admin.faults()] == [True]


# Formats


@pytest.mark.parametrize(
    ("name", "text", "properties"),
    [
        ("p.cfg", "testkey = testvalue\n", {"testkey": "testvalue"}),
        ("p.config", 'networkInterface="wlp3s0"\n', {"networkInterface": "wlp3s0"}),
        ("p.config", 'key=F"1137191584"\n', {"key": pytest.approx(400.333)}),
        ("p.config", 'key=F"1080452710"\n', {"key": pytest.approx(3.6)}),
        ("p.config", 'key=D"4615288898129284301"\n', {"key": 3.6}),
        ("p.config", 'key=I"1000"\n', {"key": 1000}),
        ("p.config", 'key=L"1000"\n', {"key": 1000}),
        ("p.config", 'key=X"10"\n', {"key": 10}),
        ("p.config", 'key=S"10"\n', {"key": 10}),
        ("p.config", 'key=C"c"\n', {"key": "c"}),
        ("p.config", 'key=B"true"\n', {"key": True}),
        ("p.config", 'prop="Hello\\ World"\n', {"prop": "Hello World"}),
        (
            "p.config",
            'a=[ \\\r\n  "foo", \\\r\n  "bar", \\\r\n  ]\r\n',
            {"a": ("foo", "bar")},
        ),
        ("p.config", 'a=( \\\r\n  "foo", \\\r\n)\r\n', {"a": ("foo",)}),
        ("p.config", "a=( \\\r\n)\r\n", {"a": ()}),
        (
            "p.config",
            '# mongodb URI\nuri="127.0.0.1:27017"\n\n  # a store\nstore=B"true"\n',
            {"uri": "127.0.0.1:27017", "store": True},
        ),
        ("p.json", '{"a": ["a1", "a2"]}', {"a": ("a1", "a2")}),
        ("p.cfg.json", '{"a": ["a1", "a2"]}', {"a": ("a1", "a2")}),
    ],
)
def test_a_file_is_read_in_its_format(etc, name, text, properties):
    """
    CM-39. Felix ConfigInstallerTest.testSetConfiguration, testTypedConfiguration and
    testTypedConfigurationFloat, ConfigurationHandlerTest.testComments and test_read*,
    Karaf JsonConfigInstallerTest.
    """
    (etc / name).write_text(text, newline="")

    with ConfigAdmin(etc) as admin:
        assert dict(admin.get("p").properties) == properties
        assert admin.faults() == ()


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param(one, id=ascii(next(iter(one))))
        for one in (
            {"String": "String Value"},
            {"Integer": 2},
            {"Double": 2.5},
            {"Boolean": True},
            {"QuotingSeparators": "\\()[]{}.,=\"\"''"},
            {"QuotingWellKnown": "BSP:\b, TAB:\t, LF:\n, FF:\f, CR:\r"},
            {"QuotingControl": "\x05\n @"},
            {"Backslashes": "val\\ue\\\\"},
            {"Blanks": "  on both sides  "},
            {"Empty": ""},
            {"Unicode": "\u00e8 \u1234 \U0001f600"},
            {"LineEnds": "\u2028\u0085"},
            {"Comment": "# not ! one"},
            {"StringArray": ("one", "two", "three")},
            {"CommaArray": ("one,two", " three ", "")},
            {"IntArray": (0, 1, 2)},
            {"EmptyArray": ()},
            {"BooleanArray": (True, False)},
            {"with\ttab": "the value"},
            {"with blank": "the value"},
            {"\\()[]{}.,=\"\"''": "quoted key"},
            {'"with quotes"': "key with quotes"},
            {"=leading equals": "leading equals"},
            {"#": "comment", "!": "comment", " ": "blank"},
            {"String": "x", "Integer": 2, "Double": 2.0, "Array": (True, False)},
        )
    ],
)
def test_what_was_stored_is_read_again(make_live, etc, properties):
    """
    CM-04, CM-42. Felix FilePersistenceManagerTest.testSimple, testQuoting, testArray,
    testEmptyArray, testList, testMultiValue and testNonSpecKeys,
    ConfigurationHandlerTest.test_backslash, Equinox
    ConfigurationAdminTest.testPersistentConfig, iPOPO testPersistence.
    """
    with make_live() as admin:
        admin.update("p", properties)

    assert read_again(etc, "p") == properties


@pytest.mark.parametrize("suffix", [".cfg", ".config", ".json", ".cfg.json"])
def test_a_change_is_written_in_the_format_of_the_file(make_live, etc, suffix):
    """
    CM-42. Felix ConfigInstallerTest
    .testDoConfigurationEventSavesUpdatedConfigurationWhenUsingCachingPersistence.
    """
    text = {".cfg": "a = 1\n", ".config": 'a="1"\n'}.get(suffix, '{"a": "1"}')
    (etc / f"p{suffix}").write_text(text)

    with make_live() as admin:
        admin.update("p", {"a": "2"})

    assert [path.name for path in etc.iterdir()] == [f"p{suffix}"]
    assert (etc / f"p{suffix}").read_text() == text.replace("1", "2")


@pytest.mark.parametrize(
    "pid", ["plain.path", "encod\u00e8", "a % b", "with-dash", "f~with-dash", "LPT1"]
)
def test_a_pid_is_read_again_from_the_name_of_its_file(make_live, etc, pid):
    """
    CM-01, CM-42. Felix FilePersistenceManagerTest.testPidPlain,
    testPidEncodingCollision and testWindowsSpecialNames.
    """
    with make_live() as admin:
        before = admin.update(pid, A1)

    with ConfigAdmin(etc) as admin:
        (found,) = admin.list_configurations()
    assert (found.pid, found.factory_pid) == (pid, before.factory_pid)


def test_the_order_of_the_keys_is_kept_in_the_file(make_live, etc):
    """
    CM-42. Felix FilePersistenceManagerTest.testKeyOrderInFile sorts the keys; here they
    stay where their author put them.
    """
    with make_live() as admin:
        admin.update("p", {"c_third": "c", "a_first": "a"})
        assert admin.flush(10)
        admin.update("p", {"a_first": "1", "c_third": "3", "b_second": "2"})

    assert (etc / "p.cfg").read_text() == "c_third = 3\na_first = 1\nb_second = 2\n"


def test_automatic_properties_are_in_no_file(make_live, etc, service):
    """CM-05, CM-66. Felix stores service.pid; here the name of the file says it."""
    with make_live() as admin:
        admin.add_managed_service("f~x", service)
        admin.update("f~x", {"service.pid": "other", "a": "1"})
        assert admin.flush(10)
        admin.update("f~x", {**service.raw[-1], "b": "2"})

    assert (etc / "f~x.cfg").read_text() == "a = 1\nb = 2\n"


def test_an_automatic_property_in_a_file_means_nothing(make_live, etc, service):
    """CM-05. Felix FilePersistenceManager reads service.pid back; here it warns."""
    text = "service.pid = other\na = 1\n"
    (etc / "p.cfg").write_text(text)
    admin = make_live()
    admin.add_managed_service("p", service)

    admin.start()

    assert dict(service.raw[0]) == {"a": "1", "service.pid": "p"}
    assert dict(admin.get("p").properties) == A1
    (fault,) = admin.faults()
    assert (fault.line, fault.key) == (1, "service.pid")
    assert (etc / "p.cfg").read_text() == text


def test_the_line_of_an_automatic_property_stays_where_it_stands(make_live, etc):
    """CM-05, CM-42. An update of another key is no reason to remove it."""
    (etc / "p.cfg").write_text("service.pid = other\na = 1\n")

    with make_live() as admin:
        admin.update("p", A2)

    assert (etc / "p.cfg").read_text() == "service.pid = other\na = 2\n"


# Files that come, change and go


def test_the_life_of_a_file(etc, save, following, sentinel):
    """
    CM-39. iPOPO FileInstallTest.testAddUpdateDelete: added, updated, touched and
    deleted.
    """
    inbox = following.inbox
    (etc / "p.cfg").write_text("a = 1\n")
    assert inbox.next() == A1

    save(etc / "p.cfg", "a = 2\n")
    assert inbox.next() == A2

    os.utime(etc / "p.cfg")
    sentinel()
    assert len(following.calls) == 3

    (etc / "p.cfg").unlink()
    assert inbox.next() is None
    assert following.calls == [None, A1, A2, None]


def test_a_file_that_says_the_same_tells_no_one(live, etc, save, following, sentinel):
    """CM-08, CM-39. Karaf JsonConfigInstallerTest.KARAF_7097_no_update_required."""
    (etc / "p.cfg").write_text("a = 1\n")
    assert following.inbox.next() == A1

    save(etc / "p.cfg", "# a comment\n\na: 1")
    sentinel()

    assert following.calls == [None, A1]
    assert live.get("p").revision == 1


def test_a_file_of_an_instance_comes_and_goes(live, etc, factory):
    """
    CM-26, CM-39. Felix ConfigInstallerTest.testGetExistentFactoryConfiguration, iPOPO
    ConfigAdminDeadlockTest.test_fileinstall_update.
    """
    live.add_managed_service_factory("f", factory)

    (etc / "f-x.cfg").write_text("a = 1\n")
    assert factory.inbox.next() == ("f~x", A1)

    (etc / "f-x.cfg").unlink()
    assert factory.inbox.next() == ("f~x", None)


def test_an_event_of_a_file_says_so(live, etc, listener):
    """CM-29, CM-39. Felix ConfigInstallerTest: events of its own changes are known."""
    live.add_listener(listener)

    (etc / "p.cfg").write_text("a = 1\n")

    event = listener.inbox.next()
    assert (event.pid, event.origin.kind.value) == ("p", "file")
    assert event.origin.detail.endswith("p.cfg")


def test_files_are_there_when_the_start_returns(make_live, etc, new_service):
    """CM-46. Felix DirectoryWatcherTest (felix.fileinstall.noInitialDelay)."""
    services = {f"p{n}": new_service() for n in range(20)}
    admin = make_live()
    for pid, service in services.items():
        (etc / f"{pid}.cfg").write_text(f"a = {pid}\n")
        admin.add_managed_service(pid, service)

    admin.start()

    assert {pid: one.calls for pid, one in services.items()} == {
        pid: [{"a": pid}] for pid in services
    }


def test_a_wrong_file_changes_nothing(live, etc, save, following, sentinel):
    """CM-41. Felix logs, and the file stays without effect until it changes."""
    (etc / "p.cfg").write_text("a = 1\n")
    assert following.inbox.next() == A1

    save(etc / "p.cfg", "a = \\u12\n")
    sentinel()
    assert following.calls == [None, A1]
    assert any(fault.line == 1 for fault in live.faults())

    save(etc / "p.cfg", "a = 2\n")
    assert following.inbox.next() == A2
    assert live.faults() == ()


# Changes that are written


def test_a_new_configuration_gets_a_file(make_live, etc):
    """CM-42. Felix ConfigInstallerTest.testShouldSaveConfig (saving is on)."""
    with make_live() as admin:
        admin.update("p", A1)
        admin.update("f~x", A2)

    assert {path.name: path.read_text() for path in etc.iterdir()} == {
        "p.cfg": "a = 1\n",
        "f~x.cfg": "a = 2\n",
    }


def test_saving_can_be_switched_off(make_live, etc):
    """CM-42. Felix ConfigInstallerTest.testShouldSaveConfig (saving is off)."""
    (etc / "p.cfg").write_text("a = 1\n")
    with make_live(settings=Settings(write_back=False)) as admin:
        admin.update("p", A2)
        admin.update("q", A2)
        assert dict(admin.get("p").properties) == A2

    assert {path.name: path.read_text() for path in etc.iterdir()} == {
        "p.cfg": "a = 1\n"
    }


def test_a_deletion_removes_the_file(live, etc, limit_s):
    """
    CM-11, CM-42. Felix ConfigInstallerTest.testDeleteConfig,
    testCreateConfigAndObserveCMDeleted and
    testUseExistingConfigWithFileinstallFilenameAndObserveCMDeleted.
    """
    live.update("p", A1)
    assert live.flush(limit_s)
    assert (etc / "p.cfg").exists()

    live.delete("p")
    assert live.flush(limit_s)

    assert list(etc.iterdir()) == []


def test_own_writes_are_no_news(live, etc, limit_s, listener, sentinel):
    """
    CM-08, CM-42. Felix ConfigInstallerTest.testUseExistingConfigAndObserveCMDeleted.
    """
    live.add_listener(listener)
    live.update("p", {"a": "1", "n": 5})
    assert live.flush(limit_s)
    sentinel()

    own = [event for event in listener.events if event.pid == "p"]
    assert [event.revision for event in own] == [1]
    assert (etc / "p.cfg").exists()


def test_comments_stay_when_a_value_changes(make_live, etc):
    """CM-42. Felix ConfigurationHandlerTest.testComments: there they are only read."""
    text = "# above\na = 1\n\n! another\nb : 1\n"
    (etc / "p.cfg").write_text(text)

    with make_live() as admin:
        admin.update("p", {"a": "1", "b": "2"})

    assert (etc / "p.cfg").read_text() == text.replace("b : 1", "b : 2")


# Read-only files


def test_a_read_only_file_locks_its_configuration(
    live, etc, service, listener, limit_s
):
    """
    CM-13. Felix ConfigInstallerTest.testSetREAD_ONLYFromFilePermissions, OSGi
    CMControl.testConfigurationLocking. The mode of the file is the attribute.
    """
    before = live.update("p", A1)
    assert live.flush(limit_s)
    live.add_listener(listener)
    live.add_managed_service("p", service)
    (etc / "p.cfg").chmod(0o444)

    for change in (
        lambda: live.update("p", A2),
        lambda: live.update("p", A1),
        lambda: live.delete("p"),
    ):
        with pytest.raises(ReadOnlyConfigurationError):
            change()
    assert live.get("p") == before
    assert live.flush(limit_s)

    (etc / "p.cfg").chmod(0o644)
    assert live.update("p", A2).revision == 2
    assert live.flush(limit_s)
    assert [(event.pid, event.revision) for event in listener.events] == [("p", 2)]
    assert service.calls == [A1, A2]
    assert (etc / "p.cfg").read_text() == "a = 2\n"


def test_an_edit_of_a_read_only_file_is_followed(live, etc, save, following):
    """CM-13, CM-39. Felix ConfigInstallerTest.testSetREAD_ONLYFromFilePermissions."""
    (etc / "p.cfg").write_text("a = 1\n")
    (etc / "p.cfg").chmod(0o444)
    assert following.inbox.next() == A1

    save(etc / "p.cfg", "a = 2\n")

    assert following.inbox.next() == A2


def test_the_mode_of_a_file_survives_a_write(make_live, etc):
    """CM-42. A file that others may read stays so; a new one is private."""
    (etc / "p.cfg").write_text("a = 1\n")
    (etc / "p.cfg").chmod(0o640)

    with make_live() as admin:
        admin.update("p", A2)
        admin.update("q", A2)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in etc.iterdir()}
    assert modes == {"p.cfg": 0o640, "q.cfg": 0o600}


# Restarts: the files are the configurations


def test_what_was_deleted_is_not_there_after_a_restart(make_live, etc):
    """
    CM-11, CM-39. Equinox ConfigurationAdminTest.testPersistentConfig and
    testPersistentFactoryConfig.
    """
    with make_live() as admin:
        admin.update("p", A1)
        pid = admin.update("f~x", A1).pid
    with make_live() as admin:
        assert [one.pid for one in admin.list_configurations()] == [pid, "p"]
        admin.delete("p")
        admin.delete(pid)

    admin = make_live()
    admin.start()

    assert admin.list_configurations() == ()
    with pytest.raises(NoSuchConfigurationError):
        admin.get("p")


# Placeholders


@pytest.mark.parametrize("text", ["${HERE:-there}", "${env:PATH}"])
def test_a_placeholder_may_give_way_to_a_plain_value(live, together, text):
    """CM-07, CM-60. Karaf ``config:property-set`` of what was a placeholder."""
    live.update("p", {"path": text})

    together(lambda: live.update("p", {"path": "plain"}))

    assert dict(live.get("p").properties) == {"path": "plain"}


def test_a_plain_value_may_follow_a_placeholder_that_was_refused(live, together):
    """CM-07, CM-60. What was refused must not keep the next one waiting."""
    live.update("p", {"path": "plain"})
    with pytest.raises(InvalidConfigurationError):
        live.update("p", {"path": "${nobody.knows.it}"})

    together(lambda: live.update("p", {"path": "plainer"}))

    assert dict(live.get("p").properties) == {"path": "plainer"}
