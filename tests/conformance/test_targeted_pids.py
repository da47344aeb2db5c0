"""Targeted PIDs: of what matches a service's target, the most specific is delivered."""

import pytest

import config_admin

NAME, VERSION, LOCATION = "app", "1.0.0", "loc:app"
LEVELS = [
    "p",
    f"p|{NAME}",
    f"p|{NAME}|{VERSION}",
    f"p|{NAME}|{VERSION}|{LOCATION}",
]


@pytest.fixture
def target():
    """The target of the services here."""
    return config_admin.Target(NAME, VERSION, LOCATION)


def pids(service):
    """The PID of each call; None for None."""
    return [None if one is None else one["service.pid"] for one in service.raw]


# Which match


@pytest.mark.parametrize(
    ("pid", "matching"),
    [
        ("p", "same name version location none"),
        (f"p|{NAME}", "same version location"),
        (f"p|{NAME}|{VERSION}", "same location"),
        (f"p|{NAME}|{VERSION}|{LOCATION}", "same"),
    ],
)
@pytest.mark.parametrize(
    ("which", "parts"),
    [
        ("same", (NAME, VERSION, LOCATION)),
        ("name", ("app_", VERSION, LOCATION)),
        ("version", (NAME, "0.2.0", LOCATION)),
        ("location", (NAME, VERSION, "loc:app_")),
        ("none", None),
    ],
)
def test_what_a_configuration_is_meant_for(  # noqa: PLR0913, PLR0917 - two tables
    admin, follow, service, pid, matching, which, parts
):
    """
    CM-34. Felix impl TargetedPidTest.test_matchesTarget_no_target, _name,
    _name_version and _name_version_location. A service without a target gets what is
    meant for everybody.
    """
    admin.update(pid, {"of": pid})

    follow("p", service, target=None if parts is None else config_admin.Target(*parts))

    expected = pid if which in matching.split() else None
    assert pids(service) == [expected]


@pytest.mark.parametrize(
    ("text", "best"),
    [
        ("app|1.0.0|loc:app", LEVELS[3]),
        ("app|1.0.0", LEVELS[2]),
        ("app", LEVELS[1]),
        ("other", LEVELS[0]),
        ("app|2.0.0|loc:app", LEVELS[1]),
        ("app|1.0.0|elsewhere", LEVELS[2]),
    ],
)
def test_a_target_can_be_a_text(admin, follow, service, text, best):
    """CM-34. OSGi CMControl.testTargetedPid: the parts of what is known count."""
    for pid in LEVELS:
        admin.update(pid, {"of": pid})

    follow("p", service, target=text)

    assert pids(service) == [best]


# What comes and goes


def test_each_level_alone_is_delivered_and_deleted(
    admin, follow, settle, service, target
):
    """CM-34, CM-55. Felix TargetedPidTest.test_targetet_pid_no_replace."""
    follow("p", service, target=target)
    assert pids(service) == [None]

    for pid in LEVELS:
        admin.update(pid, {"of": pid})
        settle()
        assert pids(service)[-1] == pid
        admin.delete(pid)
        settle()
        assert pids(service)[-1] is None

    assert len(service.calls) == 1 + 2 * len(LEVELS)


def test_a_more_specific_one_replaces_what_was_delivered(
    admin, follow, settle, service, target
):
    """CM-34, CM-55. Felix TargetedPidTest.test_targetet_pid_replace."""
    follow("p", service, target=target)

    for pid in LEVELS:
        admin.update(pid, {"of": pid})
        settle()

    assert pids(service) == [None, *LEVELS]


def test_a_less_specific_one_comes_back(admin, follow, settle, service, target):
    """CM-34, CM-55. Felix TargetedPidTest.test_targetet_pid_delete_fallback."""
    for pid in LEVELS:
        admin.update(pid, {"of": pid})
    follow("p", service, target=target)

    for pid in reversed(LEVELS):
        admin.delete(pid)
        settle()

    assert pids(service) == [*reversed(LEVELS), None]


def test_changes_of_what_is_not_the_best_call_nobody(
    admin, follow, settle, service, target
):
    """CM-16, CM-34. OSGi CMControl.testTargetedPid."""
    for pid in LEVELS:
        admin.update(pid, {"of": pid})
    follow("p", service, target=target)

    for pid in LEVELS[:3]:
        admin.update(pid, {"of": "another"})
        settle()
        admin.delete(pid)
        settle()

    assert pids(service) == [LEVELS[3]]


def test_changes_of_the_best_are_delivered(admin, follow, settle, service, target):
    """CM-34. OSGi CMControl.testTargetedPid."""
    for pid in LEVELS:
        admin.update(pid, {"of": pid})
    follow("p", service, target=target)

    admin.update(LEVELS[3], {"of": "changed"})
    settle()

    assert service.calls == [{"of": LEVELS[3]}, {"of": "changed"}]


def test_two_targets_each_get_their_best(admin, settle, new_service):
    """
    CM-34. OSGi CMControl.testTargetedPid: twelve configurations, each either better for
    one of two services than the one before, or for nobody; then away in reverse.
    """
    five, six = ("t5", "1.0.0", "at:t5"), ("t6", "2.0.0", "at:t6")
    # For whom it is, in the order of creation: "5", "6", both or nobody.
    table = [
        ("56", ()),
        ("5", five[:1]),
        ("6", six[:1]),
        ("", ("Nott5",)),
        ("5", five[:2]),
        ("6", six[:2]),
        ("", ("t5", "555.555.555.Not")),
        ("", ("t6", "555.555.555.Not")),
        ("5", five),
        ("6", six),
        ("", (*five[:2], "at:t5Not")),
        ("", (*six[:2], "at:t6Not")),
    ]
    services = {"5": new_service(), "6": new_service()}
    for name, parts in (("5", five), ("6", six)):
        target = config_admin.Target(*parts)
        admin.add_managed_service("p", services[name], target=target)
    settle()
    expected = {"5": [None], "6": [None]}
    before = []

    for whose, parts in table:
        pid = "|".join(("p", *parts))
        admin.update(pid, {"test": pid})
        settle()
        before.append((pid, whose, {name: expected[name][-1] for name in "56"}))
        for name in whose:
            expected[name].append(pid)
        assert {name: pids(services[name]) for name in "56"} == expected

    for pid, whose, best_then in reversed(before):
        admin.delete(pid)
        settle()
        for name in whose:
            expected[name].append(best_then[name])
        assert {name: pids(services[name]) for name in "56"} == expected


def test_a_service_without_a_target_gets_the_base(admin, follow, settle, service):
    """CM-34. Felix impl TargetedPidTest.test_matchesTarget_no_target."""
    admin.update(LEVELS[1], {"of": LEVELS[1]})
    follow("p", service)

    admin.update("p", {"of": "p"})
    settle()

    assert pids(service) == [None, "p"]


def test_who_comes_late_gets_the_best_at_once(admin, follow, service, target):
    """CM-15, CM-34. Felix TargetedPidTest.test_targetet_pid_delete_fallback."""
    for pid in (LEVELS[2], LEVELS[0]):
        admin.update(pid, {"of": pid})

    follow("p", service, target=target)

    assert pids(service) == [LEVELS[2]]


# A PID with a bar


def test_who_names_a_targeted_pid_gets_exactly_that_one(
    admin, follow, settle, service, target
):
    """
    CM-55. Felix TargetedPidTest.test_pid_with_pipe, OSGi
    CMControl.testNegativeTargetedPid.
    """
    own = f"p|{NAME}"
    admin.update("p", {"of": "p"})
    admin.update(own, {"of": own})
    follow(own, service, target=target)
    assert pids(service) == [own]

    admin.delete(own)
    settle()
    assert pids(service) == [own, None]

    admin.update("p", {"of": "changed"})
    admin.update(f"{own}|{VERSION}", {"of": "more specific"})
    settle()
    assert pids(service) == [own, None]


def test_who_names_a_targeted_pid_needs_no_target(admin, follow, settle, service):
    """CM-55. OSGi CMControl.testNegativeTargetedPid."""
    follow("pid|targeted2", service)

    for pid in ("pid", "pid|targeted2"):
        admin.update(pid, {"test": pid})
        settle()
    for pid in ("pid|targeted2", "pid"):
        admin.delete(pid)
        settle()

    assert pids(service) == [None, "pid|targeted2", None]


# Factories


def test_a_factory_gets_every_instance_that_matches(
    admin, follow_factory, settle, factory, target
):
    """
    CM-56. OSGi CMControl.testTargetedFactoryPid: no instance shadows another.
    """
    names = {
        "f": True,
        f"f|{NAME}": True,
        f"f|Not{NAME}": False,
        f"f|{NAME}|{VERSION}": True,
        f"f|{NAME}|555.555.555.Not": False,
        f"f|{NAME}|{VERSION}|{LOCATION}": True,
        f"f|{NAME}|{VERSION}|{LOCATION}Not": False,
    }
    follow_factory("f", factory, target=target)
    expected = []
    created = []
    for factory_pid, matches in names.items():
        one = admin.create_factory_configuration(factory_pid, {"of": factory_pid})
        settle()
        created.append((one.pid, matches))
        if matches:
            expected.append((one.pid, {"of": factory_pid}))
        assert factory.calls == expected

    for pid, matches in reversed(created):
        admin.delete(pid)
        settle()
        if matches:
            expected.append((pid, None))
        assert factory.calls == expected


def test_instances_of_one_name_do_not_shadow_each_other(
    admin, follow_factory, factory, target
):
    """CM-56. OSGi CMControl.testTargetedFactoryPid, with names."""
    for factory_pid in ("f", f"f|{NAME}", f"f|{NAME}|{VERSION}"):
        admin.create_factory_configuration(factory_pid, {}, name="x")

    follow_factory("f", factory, target=target)

    assert sorted(factory.instances) == [
        f"f|{NAME}|{VERSION}~x",
        f"f|{NAME}~x",
        "f~x",
    ]


def test_a_factory_without_a_target_gets_what_is_meant_for_all(
    admin, follow_factory, factory
):
    """CM-56. Felix impl TargetedPidTest.test_matchesTarget_no_target, for factories."""
    for factory_pid in ("f", f"f|{NAME}"):
        admin.create_factory_configuration(factory_pid, {}, name="x")

    follow_factory("f", factory)

    assert sorted(factory.instances) == ["f~x"]


# The rest of them


def test_a_targeted_pid_is_a_configuration_like_any_other(admin, settle, listener):
    """CM-29, CM-34. OSGi CMControl.testTargetedPid (created by its whole PID)."""
    admin.add_listener(listener)
    for pid in LEVELS:
        admin.update(pid, {"of": pid})
    settle()

    assert [one.pid for one in admin.list_configurations()] == sorted(LEVELS)
    assert [event.pid for event in listener.events] == LEVELS
    assert admin.list_configurations(f"(service.pid={LEVELS[1]})") == (
        admin.get(LEVELS[1]),
    )


def test_a_service_of_several_pids_has_one_target_for_all(
    admin, follow, pid_service, target
):
    """CM-20, CM-34. OSGi CMControl.testTargetedPid: bundle T6 follows several."""
    admin.update("p", {"of": "p"})
    admin.update(f"p|{NAME}", {"of": "targeted"})
    admin.update("q", {"of": "q"})

    follow(["p", "q"], pid_service, target=target)

    # Called with the PID that it registered for; the properties say which it was.
    assert sorted(pid_service.calls) == [("p", {"of": "targeted"}), ("q", {"of": "q"})]
    assert {one["service.pid"] for one in pid_service.raw} == {f"p|{NAME}", "q"}
