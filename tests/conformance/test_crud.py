"""Names; creating, reading, updating and deleting; instances of factories."""

import pytest

from config_admin import (
    CM_UPDATED,
    ConfigAdminError,
    InvalidPidError,
    NoSuchConfigurationError,
    RevisionConflictError,
)

NO_PIDS = [
    None, "", "   ", [], 12, True, "../x", "a/b", "a\\b", "a\0b", ".hidden", "a\nb",
    "a\x1b[31mb", "x" * 201, " a", "a ", "\ta",
]  # fmt: skip

GOOD_PIDS = [
    "test", "pid with blanks and stuff %\"'", "plain.path", "encod\u00e8", "%", "100%",
    "with-dash", "a.b.c", "LPT1", "CON", "prefix.LPT1.suffix", "CLOCK$", "a,b;c", "#a",
    "x" * 200,
]  # fmt: skip


# Names


@pytest.mark.parametrize("pid", GOOD_PIDS)
def test_what_names_no_path_can_be_a_pid(admin, follow, settle, service, pid):
    """
    CM-01. Felix ConfigurationBaseTest.test_basic_configuration_strange_pid,
    FilePersistenceManagerTest.testPidPlain and testWindowsSpecialNames.
    """
    admin.update(pid, {"a": "1", pid[:50]: pid})
    follow(pid, service)

    assert dict(service.raw[0]) == {"a": "1", pid[:50]: pid, "service.pid": pid}

    admin.delete(pid)
    settle()
    assert service.calls[1:] == [None]


@pytest.mark.parametrize("pid", NO_PIDS)
def test_what_is_no_pid_is_refused_at_every_entrance(admin, service, pid):
    """
    CM-01, CM-62. Equinox ConfigurationAdminTest.testCreateConfigNullPid, iPOPO
    ConfigurationAdminTest.testCreateFactoryConfiguration. Felix encodes what cannot
    be a file name (testPidPlain); here it is refused, so that a file shows its PID.
    """
    entrances = [
        admin.get,
        admin.find,
        admin.delete,
        lambda pid: admin.update(pid, {}),
        lambda pid: admin.add_managed_service(("a", pid), service),
    ]
    for entrance in entrances:
        with pytest.raises(InvalidPidError):
            entrance(pid)

    assert admin.list_configurations() == ()


@pytest.mark.parametrize("factory_pid", NO_PIDS)
def test_what_is_no_pid_cannot_be_a_factory_either(admin, factory, factory_pid):
    """
    CM-01. Equinox ConfigurationAdminTest.testCreateFactoryConfigNullPid, iPOPO
    ConfigurationAdminTest.testCreateFactoryConfiguration.
    """
    with pytest.raises(InvalidPidError):
        admin.create_factory_configuration(factory_pid, {})
    with pytest.raises(InvalidPidError):
        admin.add_managed_service_factory(factory_pid, factory)

    assert admin.list_configurations() == ()


@pytest.mark.parametrize("name", ["", "a/b", "..", "a\0b", "a\nb", "x" * 201])
def test_an_instance_name_that_names_a_path_is_refused(admin, name):
    """CM-01, CM-02. OSGi CMControl.testGetFactoryConfigurationWithAlias, our limits."""
    with pytest.raises(InvalidPidError):
        admin.create_factory_configuration("f", {}, name=name)

    assert admin.list_configurations() == ()


# Creating and reading


def test_what_is_absent_is_created_by_its_first_update(admin):
    """
    CM-07, CM-09. Equinox ConfigurationAdminTest.testCreateConfig, iPOPO
    ConfigurationAdminTest.testGetConfiguration. There is no empty object before it:
    a configuration exists from its first update on.
    """
    assert admin.find("test") is None

    created = admin.update("test", {"answer": 42})

    assert (created.pid, created.factory_pid, created.revision) == ("test", None, 1)
    assert dict(created.properties) == {"answer": 42}


def test_reading_twice_gives_equal_records(admin):
    """
    CM-07. OSGi CMControl.testEquals, Equinox
    ConfigurationAdminTest.testCreateConfigWithAndWithoutLocation.
    """
    updated = admin.update("test", {"a": "1"})

    assert admin.get("test") == admin.get("test") == admin.find("test") == updated
    assert hash(admin.get("test")) == hash(updated)


def test_what_never_was_cannot_be_read(admin):
    """CM-11. iPOPO ConfigurationAdminTest.testCreateFactoryConfiguration (KeyError)."""
    assert admin.find("test") is None
    with pytest.raises(NoSuchConfigurationError):
        admin.get("test")
    with pytest.raises(NoSuchConfigurationError):
        admin.delete("test")


def test_an_update_replaces_all_properties(admin):
    """CM-07. OSGi CMControl.testUpdate."""
    admin.update("p", {"somekey": "somevalue", "gone": "1"})

    admin.update("p", {"somekey": "othervalue", "new": "2"})

    assert dict(admin.get("p").properties) == {"somekey": "othervalue", "new": "2"}


def test_a_pid_has_a_case(admin):
    """CM-01. OSGi Compendium 104.3: a PID is case-sensitive, a key is not."""
    admin.update("Pid", {"of": "Pid"})
    admin.update("pid", {"of": "pid"})

    assert [one.properties["of"] for one in admin.list_configurations()] == [
        "Pid",
        "pid",
    ]


# Storing what is there


@pytest.mark.parametrize(
    "same",
    [
        {"somekey": "somevalue", "array": [1, 2]},
        {"somekey": "somevalue", "array": (1, 2)},
        {"array": [1, 2], "somekey": "somevalue"},
        {"SOMEKEY": "somevalue", "Array": [1, 2]},
    ],
)
def test_storing_what_is_there_tells_no_one(admin, settle, service, listener, same):
    """
    CM-08. OSGi CMControl.testUpdateIfDifferent (an array of another kind is equal),
    Karaf JsonConfigInstallerTest.KARAF_7097_no_update_required. Felix' plain
    ``update`` tells everybody again (ConfigurationListenerTest.test_async_listener).
    """
    before = admin.update("p", {"somekey": "somevalue", "array": [1, 2]})
    admin.add_managed_service("p", service)
    settle()
    admin.add_listener(listener)

    assert admin.update("p", same) == before
    settle()

    assert len(service.calls) == 1
    assert listener.events == []


def test_storing_something_else_tells_everybody(
    admin, follow, settle, service, listener
):
    """
    CM-08, CM-09, CM-16. OSGi CMControl.testUpdateIfDifferent, Karaf
    JsonConfigInstallerTest.KARAF_7097_update_required.
    """
    follow("p", service)
    admin.add_listener(listener)
    for value in ("somevalue", "somevalue", "newvalue"):
        admin.update("p", {"somekey": value})
        settle()

    assert service.calls == [None, {"somekey": "somevalue"}, {"somekey": "newvalue"}]
    assert listener.facts == [(CM_UPDATED, "p", 1), (CM_UPDATED, "p", 2)]


# Revisions


def test_the_revision_rises_with_every_change(admin):
    """
    CM-09. OSGi CMControl.testChangeCount, Felix
    ConfigurationBaseTest.test_configuration_change_counter.
    """
    revisions = [admin.update("p", {"x": str(n)}).revision for n in range(3)]

    assert revisions == [1, 2, 3]
    assert admin.get("p").revision == 3


def test_the_revision_of_an_instance_rises_too(admin):
    """CM-02, CM-09. OSGi CMControl.testChangeCountFactory."""
    created = admin.create_factory_configuration("f", {"x": "0"})

    admin.update(created.pid, {"x": "1"})

    (listed,) = admin.list_configurations("(service.factoryPid=f)")
    assert (created.revision, listed.revision) == (1, 2)
    assert listed == admin.get(created.pid)


def test_revisions_of_one_pid_do_not_count_for_another(admin):
    """CM-09. OSGi CMControl.testChangeCount."""
    admin.update("p", {"x": "1"})
    admin.update("p", {"x": "2"})

    assert admin.update("q", {"x": "1"}).revision == 1


def test_the_revision_does_not_fall_when_a_configuration_is_made_again(admin):
    """CM-09. Felix' count begins anew with a new object; here it never falls."""
    admin.update("p", {"x": "1"})
    admin.delete("p")

    assert admin.update("p", {"x": "1"}).revision == 3


@pytest.mark.parametrize("known", [0, 1, 3, 99, -1])
def test_a_late_writer_is_refused_with_both_numbers(admin, known):
    """CM-10. OSGi Compendium 104.4: ``getChangeCount`` is there to find lost races."""
    admin.update("p", {"x": "1"})
    before = admin.update("p", {"x": "2"})

    for change in (
        lambda: admin.update("p", {"x": "3"}, revision=known),
        lambda: admin.delete("p", revision=known),
    ):
        with pytest.raises(RevisionConflictError) as caught:
            change()
        assert (caught.value.expected, caught.value.actual) == (known, 2)

    assert admin.get("p") == before


def test_a_writer_who_knows_the_revision_succeeds(admin):
    """CM-10, CM-63."""
    assert admin.update("p", {"x": "1"}, revision=0).revision == 1
    assert admin.update("p", {"x": "2"}, revision=1).revision == 2
    admin.delete("p", revision=2)

    assert admin.find("p") is None


def test_revision_0_means_only_if_absent(admin):
    """CM-63. It holds after a deletion as well."""
    admin.update("p", {"x": "1"})
    with pytest.raises(RevisionConflictError):
        admin.update("p", {"x": "1"}, revision=0)

    admin.delete("p")

    assert admin.update("p", {"x": "2"}, revision=0).revision == 3


# Deleting


def test_what_was_deleted_is_not_there(admin):
    """
    CM-11. OSGi CMControl.testDeletedConfiguration, Equinox
    ConfigurationAdminTest.testPersistentConfig.
    """
    admin.update("p", {"a": "1"})

    admin.delete("p")

    assert admin.find("p") is None
    assert admin.list_configurations() == ()
    for call in (admin.get, admin.delete):
        with pytest.raises(NoSuchConfigurationError):
            call("p")


def test_the_record_of_what_was_deleted_stays_readable(admin):
    """
    CM-06, CM-11. OSGi CMControl.testDeletedConfiguration: there every method of the
    object raises; here a record is a value and has no methods that change anything.
    """
    record = admin.update("p", {"a": "1"})

    admin.delete("p")

    assert (record.pid, record.factory_pid, record.revision) == ("p", None, 1)
    assert dict(record.properties) == {"a": "1"}


def test_what_is_made_again_has_nothing_of_what_was(admin):
    """CM-07, CM-11. iPOPO ConfigurationAdminTest.testGetConfiguration."""
    admin.update("p", {"a": "1", "b": "2"})
    admin.delete("p")

    again = admin.update("p", {"a": "3"})

    assert dict(again.properties) == {"a": "3"}


# Instances of factories


def test_an_instance_without_a_name_gets_one_of_its_own(admin):
    """
    CM-02. OSGi CMControl.testCreateFactoryConfiguration, iPOPO
    ConfigurationAdminTest.testCreateFactoryConfiguration, Karaf
    UpdateCommandTest.testupdateOnNewFactoryPid.
    """
    created = [admin.create_factory_configuration("f", {"n": n}) for n in range(3)]

    pids = [one.pid for one in created]
    assert len({*pids, "f"}) == 4
    assert all(pid.startswith("f~") and len(pid) > 2 for pid in pids)
    assert [one.factory_pid for one in created] == ["f"] * 3
    assert [admin.get(pid).properties["n"] for pid in pids] == [0, 1, 2]


def test_a_name_that_was_given_is_not_given_again_after_a_deletion(admin):
    """CM-02. iPOPO ConfigurationAdminTest.testCreateFactoryConfiguration."""
    first = admin.create_factory_configuration("f", {})
    admin.delete(first.pid)

    assert admin.create_factory_configuration("f", {}).pid != first.pid


def test_an_instance_with_a_name_is_found_by_it(admin):
    """CM-02, CM-12. OSGi CMControl.testGetFactoryConfigurationWithAlias."""
    for name in ("0", "1", "2"):
        created = admin.create_factory_configuration("f", {"val": name}, name=name)
        assert (created.pid, created.factory_pid) == (f"f~{name}", "f")
        assert created.name == name

    assert len(admin.list_configurations("(service.factoryPid=f)")) == 3
    for name in ("0", "1", "2"):
        (listed,) = admin.list_configurations(f"(service.pid=f~{name})")
        assert listed == admin.get(f"f~{name}")
        assert listed.properties["val"] == name
        admin.delete(f"f~{name}")

    assert admin.list_configurations() == ()


def test_a_name_that_is_taken_is_refused(admin):
    """
    CM-63. OSGi CMControl.testGetFactoryConfigurationWithAlias gets the one that is
    there; here creating it again is a conflict, and ``update`` changes it.
    """
    before = admin.create_factory_configuration("f", {"val": "1"}, name="x")

    with pytest.raises(RevisionConflictError):
        admin.create_factory_configuration("f", {"val": "2"}, name="x")

    assert admin.get("f~x") == before
    assert admin.update("f~x", {"val": "2"}).revision == 2


def test_an_instance_can_be_made_by_its_pid(admin):
    """CM-02, CM-07. OSGi CMControl.testFactoryConfigurationCollision."""
    created = admin.update("f~x", {"a": "1"})

    assert (created.factory_pid, created.name) == ("f", "x")
    assert admin.list_configurations("(service.factoryPid=f)") == (created,)


def test_a_factory_is_no_configuration_itself(admin):
    """CM-02, CM-11. iPOPO ConfigurationAdminTest.testCreateFactoryConfiguration."""
    admin.create_factory_configuration("f", {}, name="x")

    assert admin.find("f") is None
    with pytest.raises(NoSuchConfigurationError):
        admin.get("f")


def test_nothing_is_left_of_a_factory_without_instances(admin):
    """CM-11. Felix ConfigurationManagerTest.test_factoryConfigurationCleanup."""
    pids = [admin.create_factory_configuration("f", {"n": n}).pid for n in range(3)]

    for left, pid in zip((2, 1, 0), pids, strict=True):
        admin.delete(pid)
        assert len(admin.list_configurations()) == left


# After the end


def test_after_the_stop_nothing_can_be_changed_or_registered(
    make_live, service, factory, listener
):
    """
    CM-58. Felix ConfigurationBaseTest: test_configuration_update_*,
    test_configuration_delete_* and test_configuration_admin_create*_after
    _config_admin_stop. What was stored may still be read: there that raises as well.
    """
    admin = make_live()
    admin.start()
    admin.update("p", {"a": "1"})
    admin.stop()

    def transact():
        with admin.transaction() as changes:
            changes.update("p", {"a": "2"})

    for call in (
        lambda: admin.update("p", {"sample": "sample"}),
        lambda: admin.delete("p"),
        lambda: admin.create_factory_configuration("sample", {}),
        transact,
        lambda: admin.add_managed_service("p", service),
        lambda: admin.managed_service("p")(service.updated),
        lambda: admin.add_managed_service_factory("f", factory),
        lambda: admin.add_listener(listener),
        lambda: admin.add_plugin(Plugin()),
    ):
        with pytest.raises(ConfigAdminError):
            call()


class Plugin:
    def modify_configuration(self, pid, properties):  # noqa: ARG002 - the protocol's
        return properties


def test_a_record_stays_readable_after_the_stop(make_live):
    """
    CM-58. Felix ConfigurationBaseTest: test_configuration_getFacotryPid_*, _equals_*,
    _hashCode_*, _toString_*, _getPid_* and _getProperties_after_config_admin_stop.
    """
    admin = make_live()
    admin.start()
    record, instance = admin.update("p", {"a": "1"}), admin.update("f~x", {"a": "1"})
    admin.stop()

    assert (record.pid, record.factory_pid, instance.factory_pid) == ("p", None, "f")
    assert dict(record.properties) == {"a": "1"}
    assert record == record  # noqa: PLR0124 - what the peers' test compares
    assert record != instance
    assert hash(record) != hash(instance)
    assert "'a': '1'" in repr(record)
