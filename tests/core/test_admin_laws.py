"""The order laws hold however changes, services, schemas and failures mingle."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from config_admin.core.errors import (
    ConfigurationError,
    InvalidConfigurationError,
    NoSuchConfigurationError,
    RevisionConflictError,
)
from config_admin.core.events import CM_DELETED, CM_REFUSED, CM_UPDATED
from config_admin.core.properties import Properties

PIDS = st.sampled_from(["a", "b", "f~x"])
PROPERTIES = st.dictionaries(
    st.sampled_from(["x", "y"]), st.sampled_from([1, 2, "1"]), max_size=2
)
ABSENT = "absent"


class Follower:
    """
    A service that fails when told to.

    Attributes:
        calls: What it was called with.
        due: How often the model says that it has to have been called.
        state: What the model says that it was called with last.
    """

    def __init__(self, pid):
        self.pid = pid
        self.calls = []
        self.is_failing = False
        self.has_failed = False
        self.due = 0
        self.state = None

    def updated(self, properties):
        self.calls.append(properties)
        self.has_failed = self.is_failing
        if self.is_failing:
            raise ConfigurationError("x", "not now")


class AdminBesideModel(RuleBasedStateMachine):
    """
    An admin beside a model of it.

    Attributes:
        present: The properties of each configuration that is there.
        revisions: The newest revision of each that ever was.
        schema: The schema in force.
        schemas: The schema that each was checked with last.
        events: What the listener has to have been told.
        followers: The registered services with their receipts.
    """

    def __init__(self, make_world):
        super().__init__()
        self.world = make_world()
        self.admin = self.world.admin
        self.listener = self.world.listener()
        self.present = {}
        self.revisions = {}
        self.schema = 0
        self.schemas = {}
        self.events = []
        self.followers = []

    @rule(pid=PIDS, properties=PROPERTIES)
    def update(self, pid, properties):
        if self.present.get(pid) != Properties(properties):
            self.present[pid] = Properties(properties)
            self._committed(CM_UPDATED, pid)

        after = self.admin.update(pid, properties)

        assert after.revision == self.revisions[pid]

    @rule(pid=PIDS, properties=PROPERTIES, revision=st.integers(0, 4))
    def update_one_revision(self, pid, properties, revision):
        actual = self.revisions[pid] if pid in self.present else 0
        if revision == actual:
            self.update(pid, properties)
            return

        with pytest.raises(RevisionConflictError) as caught:
            self.admin.update(pid, properties, revision=revision)

        assert (caught.value.expected, caught.value.actual) == (revision, actual)

    @rule(pid=PIDS)
    def try_what_is_refused(self, pid):
        self.events.append((CM_REFUSED, pid))

        with pytest.raises(InvalidConfigurationError):
            self.admin.update(pid, {"bad": 1})

    @rule(pid=PIDS)
    def delete(self, pid):
        if pid not in self.present:
            with pytest.raises(NoSuchConfigurationError):
                self.admin.delete(pid)
            return
        del self.present[pid]
        self._committed(CM_DELETED, pid)

        assert self.admin.delete(pid).revision == self.revisions[pid]

    @rule()
    def write_another_schema(self):
        self.schema += 1
        self.world.validator.schema = self.schema
        self.world.validator.defaults = {"schema": self.schema}

    @rule(pid=PIDS)
    def recheck(self, pid):
        self.schemas[pid] = self.schema

        self.admin.recheck(pid)

    @rule(pid=PIDS)
    def register(self, pid):
        follower = Follower(pid)
        registration = self.admin.audience.add_managed_service((pid,), follower)
        self.followers.append((follower, registration))

    @precondition(lambda self: self.followers)
    @rule(data=st.data())
    def close(self, data):
        one = data.draw(st.sampled_from(self.followers))
        self.followers.remove(one)
        follower, registration = one

        registration.close()
        self.let_callbacks_run()

        assert len(follower.calls) == follower.due

    @precondition(lambda self: self.followers)
    @rule(data=st.data(), is_failing=st.booleans())
    def fail_or_mend(self, data, is_failing):
        follower, _ = data.draw(st.sampled_from(self.followers))
        follower.is_failing = is_failing

    @rule()
    def let_callbacks_run(self):
        self.world.flush()

        for follower, registration in self.followers:
            state = self._state_of(follower.pid)
            follower.due += state != follower.state
            follower.state = state
            assert len(follower.calls) == follower.due  # not once too often
            assert follower.calls[-1] == self._delivered(follower.pid)
            assert registration.wait(0)
        assert [_without_refused_revision(e) for e in self.listener.events] == (
            self.events
        )
        failed = [follower.pid for follower, _ in self.followers if follower.has_failed]
        assert sorted(one.pid for one in self.world.faults.all()) == sorted(failed)

    @invariant()
    def the_admin_has_what_the_model_has(self):
        listed = self.admin.list_configurations()

        assert {one.pid: one.properties for one in listed} == self.present
        for pid, revision in self.revisions.items():
            assert self.admin.written(pid).revision == revision

    @invariant()
    def the_store_has_what_the_admin_has(self):
        assert tuple(self.world.store.all()) == tuple(
            self.admin.written(pid) for pid in sorted(self.revisions)
        )

    @invariant()
    def nobody_sees_what_was_refused(self):
        for follower, _ in self.followers:
            assert not any(call and "bad" in call for call in follower.calls)

    def _committed(self, kind, pid):
        self.revisions[pid] = self.revisions.get(pid, 0) + 1
        self.schemas[pid] = self.schema
        self.events.append((kind, pid, self.revisions[pid]))

    def _state_of(self, pid):
        if pid not in self.present:
            return ABSENT
        return (self.revisions[pid], self.schemas[pid])

    def _delivered(self, pid):
        if pid not in self.present:
            return None
        factory, is_instance, _ = pid.partition("~")
        return {
            **self.present[pid],
            **({"schema": self.schemas[pid]} if self.schemas[pid] else {}),
            **({"service.factoryPid": factory} if is_instance else {}),
            "service.pid": pid,
        }


def _without_refused_revision(event):
    if event.type is CM_REFUSED:
        return (event.type, event.pid)
    return (event.type, event.pid, event.revision)


def test_the_admin_does_what_the_model_does(make_world):
    """CM-07 to CM-11, CM-15 to CM-17, CM-21, CM-23, CM-29, CM-30."""
    half_as_many = settings(max_examples=settings().max_examples // 2)

    run_state_machine_as_test(
        lambda: AdminBesideModel(make_world), settings=half_as_many
    )
