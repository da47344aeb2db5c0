"""
Many threads do everything at once to one admin on real files.

They update, delete, make transactions and edit files; they register and close services,
factories, listeners and plugins. Some services are slow, some raise. Foreign code asks
another thread, while it runs, to change and to register something: that nobody has to
wait for it says that no lock is held. At the end files, admin, services and receipts
have to agree, and every acknowledged change has to have been told, in order and once.

It runs for a moment, at night for half a minute (``make test-nightly``).
"""

import os
import random
import sys
import threading
import time
import traceback
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count

import pytest

from config_admin import (
    ConfigurationError,
    InvalidConfigurationError,
    NoSuchConfigurationError,
    RefusedFileError,
    RevisionConflictError,
)
from config_admin.core.events import CM_REFUSED
from config_admin.formats import cfg

IS_NIGHT = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
DURATION_S = 30.0 if IS_NIGHT else 1.5
LIMIT_S = 30.0
THREADS = 16
PAIR = ("pair.one", "pair.other")  # only ever changed together
PIDS = (*(f"p{n}" for n in range(4)), *(f"f~{n}" for n in range(4)), *PAIR)
ALONE = PIDS[:-2]
PROBED = "probed"  # what others change and follow while foreign code runs
MAX_CALLBACK_THREADS = 64
PAUSE = threading.Event()
EXPECTED = (
    InvalidConfigurationError,
    NoSuchConfigurationError,
    RefusedFileError,
    RevisionConflictError,
)


def plain(properties):
    """*properties* without the automatic ones; None stays None."""
    if properties is None:
        return None
    return dict(properties.without(["service.pid", "service.factoryPid"]))


class Stress:
    """
    What all threads share.

    Attributes:
        wrong: What should not have happened.
        acknowledged: Of each change that was: the revision, by its unique value.
        is_over: Whether the time is up.
        is_rough: Whether services may be slow and raise.
    """

    def __init__(self, admin, etc):
        self.admin = admin
        self.etc = etc
        self.wrong = []
        self.acknowledged = {}
        self.is_over = threading.Event()
        self.is_rough = True
        self.numbers = count(1)
        self._others = ThreadPoolExecutor(4, "stress probe")
        self._probing = threading.Semaphore(3)
        self._requiring = threading.Lock()
        self.required = self._required_plugin()

    def require(self, truth, said):
        if not truth:
            self.wrong.append(said)

    def roughly(self, chance):
        """Whether it is to be rough now."""
        return self.is_rough and random.random() < chance  # noqa: S311 - not for secrets

    def foreign(self, where):
        """Foreign code runs in *where*: no lock of the admin is held meanwhile."""
        if self.is_over.is_set() or not self._probing.acquire(blocking=False):
            return
        try:
            begun_s = time.monotonic()
            self._others.submit(self._use_the_admin).result(LIMIT_S)
            took_s = time.monotonic() - begun_s
            self.require(took_s < LIMIT_S / 2, f"{where}: others waited {took_s:.1f} s")
        except Exception:  # noqa: BLE001 - whatever it is, it is shown at the end
            self.wrong.append(f"{where}: {traceback.format_exc()}")
        finally:
            self._probing.release()

    def _use_the_admin(self):
        admin, number = self.admin, f"{next(self.numbers)}"
        admin.update(PROBED, {"n": number})
        admin.add_managed_service(PROBED, lambda _: None).close()
        admin.add_listener(Sink()).close()
        admin.add_plugin(Sink(), targets=["nobody"]).close()
        admin.find(PROBED)
        admin.services()

    def require_plugin(self):
        """Take away the plugin without which nothing is delivered, for a moment."""
        if not self._requiring.acquire(blocking=False):
            return
        self.required.close()
        self.is_over.wait(0.002)
        self.required = self._required_plugin()
        self._requiring.release()

    def _required_plugin(self):
        return self.admin.add_plugin(Plugin(self), name="needed", targets=["p1", "f"])

    def end(self):
        self._others.shutdown()


class Sink:
    """Takes whatever comes."""

    def configuration_event(self, event):
        """Take it."""

    def modify_configuration(self, pid, properties):
        """Leave it."""


class Steady:
    """
    A service that stays; slow now and then, and raising.

    Attributes:
        last: What it was called with last, by PID; None: there is none.
        values: The unique values that came, by PID and in order.
    """

    def __init__(self, stress, slow_s):
        self.stress = stress
        self.slow_s = slow_s
        self.last = {}
        self.values = defaultdict(list)
        self._alone = threading.Lock()

    def take(self, pid, properties):
        if not self._alone.acquire(blocking=False):
            self.stress.wrong.append(f"calls for {pid} overlap")
            return
        try:
            self.last[pid] = plain(properties)
            if properties is not None and "n" in properties:
                self.values[pid].append(properties["n"])
            self.stress.foreign("a service")
            if self.slow_s and self.stress.roughly(0.5):
                self.stress.is_over.wait(self.slow_s)
            if self.stress.roughly(0.05):
                raise ConfigurationError("n", "not now")
        finally:
            self._alone.release()


class SteadyService(Steady):
    def updated(self, pid, properties):
        self.take(pid, properties)


class CheckingService(SteadyService):
    def check(self, _pid, properties):
        self.stress.foreign("a check")
        if properties.get("x") == "vetoed":
            raise ConfigurationError("x", "never")


class SteadyFactory(Steady):
    def updated(self, pid, properties):
        self.take(pid, properties)

    def deleted(self, pid):
        self.stress.require(self.last.get(pid) is not None, f"{pid} was never seen")
        self.take(pid, None)


class CheckingFactory(SteadyFactory):
    def check(self, _pid, properties):
        self.stress.foreign("a check")
        if properties.get("x") == "vetoed":
            raise ConfigurationError("x", "never")


class Passing:
    """A service, or factory, that is closed soon; then it is not called any more."""

    def __init__(self, stress):
        self.stress = stress
        self.is_closed = False

    def updated(self, *_arguments):
        self.stress.require(not self.is_closed, "a call after close has returned")
        if self.stress.roughly(0.1):
            raise ValueError("in passing")

    def deleted(self, _pid):
        self.updated()


class Listener:
    """Notes every event; each PID's revisions have to come one by one."""

    def __init__(self, stress):
        self.stress = stress
        self.revisions = defaultdict(list)

    def configuration_event(self, event):
        self.stress.foreign("a listener")
        if event.type is not CM_REFUSED:
            self.revisions[event.pid].append(event.revision)

    def require_no_gap(self):
        for pid, seen in self.revisions.items():
            expected = list(range(seen[0], seen[0] + len(seen)))
            self.stress.require(seen == expected, f"{pid} went {seen}")


class Plugin:
    """Marks what it sees, or raises."""

    def __init__(self, stress):
        self.stress = stress

    def modify_configuration(self, _pid, properties):
        self.stress.foreign("a plugin")
        if self.stress.roughly(0.1):
            raise ValueError("a plugin in passing")
        return {**properties, "seen": "yes"}


class Worker:
    """
    One thread, doing one thing after the other.

    Attributes:
        open: Whoever it registered and did not close yet.
    """

    def __init__(self, stress, number):
        self.stress = stress
        self.admin = stress.admin
        self.random = random.Random(number)  # noqa: S311 - not for secrets
        self.number = number
        self.open = []
        self.things = [
            *[self.update] * 8,
            *[self.update_one_revision] * 3,
            *[self.delete] * 2,
            *[self.change_together] * 3,
            *[self.edit] * 5,
            *[self.break_file] * 1,
            *[self.remove_file] * 1,
            *[self.register] * 4,
            *[self.close] * 5,
            *[self.read] * 3,
            stress.require_plugin,
        ]

    def run(self):
        try:
            while not self.stress.is_over.is_set():
                self.random.choice(self.things)()
            while self.open:
                self.close()
        except BaseException:  # noqa: BLE001 - whatever it is, it is shown at the end
            self.stress.wrong.append(traceback.format_exc())

    def update(self):
        self._change(self.random.choice(ALONE), None)

    def update_one_revision(self):
        pid = self.random.choice(ALONE)
        found = self.admin.find(pid)
        self._change(pid, found.revision if found else 0)

    def _change(self, pid, revision):
        value = self._value()
        properties = {"n": value, f"k{self.number % 4}": value}
        if self.random.random() < 0.05:
            properties["x"] = "vetoed"
        with suppress(*EXPECTED):
            after = self.admin.update(pid, properties, revision=revision)
            self.stress.acknowledged[value] = (pid, after.revision)

    def delete(self):
        with suppress(*EXPECTED):
            self.admin.delete(self.random.choice(ALONE))

    def change_together(self):
        value = self._value()
        with suppress(*EXPECTED), self.admin.transaction() as transaction:
            for pid in PAIR:
                transaction.update(pid, {"n": value})
            if self.random.random() < 0.3:
                transaction.update("p0", {"x": "vetoed"})

    def edit(self):
        pid, value = self.random.choice(ALONE), self._value()
        vetoed = "x = vetoed\n" if self.random.random() < 0.1 else ""
        self._save(pid, f"# {value}\nn = {value}\nfile = {value}\n{vetoed}")

    def break_file(self):
        self._save(self.random.choice(ALONE), "n = \\u12\n")

    def remove_file(self):
        (self.stress.etc / f"{self.random.choice(ALONE)}.cfg").unlink(missing_ok=True)

    def _save(self, pid, text):
        draft = self.stress.etc / f".draft{self.number}"
        draft.write_text(text)
        draft.replace(self.stress.etc / f"{pid}.cfg")

    def register(self):
        add = self.random.choice(
            [
                lambda one: self.admin.add_managed_service(
                    self.random.choice(PIDS), one
                ),
                lambda one: self.admin.add_managed_service_factory("f", one),
            ]
        )
        passing = Passing(self.stress)
        self.open.append((passing, add(passing)))
        listener = Listener(self.stress)
        is_synchronous = self.random.random() < 0.2
        registration = self.admin.add_listener(listener, synchronous=is_synchronous)
        self.open.append((listener, registration))
        if self.random.random() < 0.3:
            plugin = Plugin(self.stress)
            self.open.append((plugin, self.admin.add_plugin(plugin, targets=["p2"])))

    def close(self):
        if not self.open:
            return
        one, registration = self.open.pop(self.random.randrange(len(self.open)))
        registration.close(LIMIT_S)
        one.is_closed = True
        if isinstance(one, Listener):
            one.require_no_gap()

    def read(self):
        there = {one.pid: one for one in self.admin.list_configurations()}
        values = {there[pid].properties["n"] for pid in PAIR if pid in there}
        self.stress.require(len(values) < 2, f"half a transaction: {values}")
        for receipt in self.admin.services():
            busy = (receipt.busy_with is None, receipt.busy_since is None)
            self.stress.require(busy in ((True, True), (False, False)), receipt)

    def _value(self):
        return f"v{next(self.stress.numbers)}"


@pytest.fixture
def often():
    """Threads take turns often: then races show."""
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)
    yield
    sys.setswitchinterval(before_s)


@pytest.fixture
def stress(etc, make_admin, often):
    """A running admin, and what its threads share."""
    admin = make_admin(
        etc,
        max_callback_threads=MAX_CALLBACK_THREADS,
        required_plugins=["needed"],
        listener_timeout_s=0.1,
        settle_s=0.2,
        delete_grace_s=0.1,
        callback_busy_after_s=LIMIT_S,
    )
    admin.start()
    found = Stress(admin, etc)
    yield found
    found.end()


def run_all(workers, stress, our_threads):
    """Let *workers* work until the time is up; how many threads there were at most."""
    threads = [threading.Thread(target=one.run, daemon=True) for one in workers]
    for thread in threads:
        thread.start()
    most, ends_s = 0, time.monotonic() + DURATION_S
    while (left_s := ends_s - time.monotonic()) > 0 and not stress.wrong:
        most = max(most, len(our_threads()))
        threads[0].join(min(left_s, 0.02))
    stress.is_over.set()
    for thread in threads:
        thread.join(LIMIT_S)
    stuck = [thread for thread in threads if thread.is_alive()]
    for thread in stuck:
        frame = sys._current_frames()[thread.ident]
        stress.wrong.append("".join(traceback.format_stack(frame)))
    return most


def come_to_rest(stress):
    """Everything is mended: nobody is slow, nobody raises, no file is refused."""
    stress.is_rough = False
    with stress.admin.transaction() as transaction:
        for pid in PAIR:
            transaction.update(pid, {"n": "last"})
    for pid in ALONE:
        draft = stress.etc / ".draft"
        draft.write_text(f"n = last\nof = {pid}\n")
        draft.replace(stress.etc / f"{pid}.cfg")


def last_disagreements(stress, followers):
    """Where they do not agree even when they have had time enough; empty: they do."""
    deadline_s = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline_s:
        if not stress.admin.flush(max(0.0, deadline_s - time.monotonic())):
            return ["the admin does not come to rest"]
        found = list(disagreements(stress, followers))
        if not found:
            break
        PAUSE.wait(0.05)
    return found


def disagreements(stress, followers):
    """Where files, admin, services and receipts do not say the same."""
    admin = stress.admin
    for pid in PIDS:
        found = admin.find(pid)
        path = stress.etc / f"{pid}.cfg"
        in_file = cfg.loads(path.read_text()) if path.exists() else None
        in_admin = None if found is None else dict(found.properties)
        if in_file != in_admin:
            yield f"{pid}: the file says {in_file}, the admin {in_admin}"
        delivered = plain(admin.processed_properties(pid)) if found else None
        for one, followed in followers:
            if pid in followed and one.last.get(pid) != delivered:
                yield f"{pid}: {one} has {one.last.get(pid)}, not {delivered}"
    for receipt in admin.services():
        found = admin.find(receipt.pid)
        if found is not None and receipt.applied != found.revision:
            yield f"{receipt} of revision {found.revision}"
        if receipt.busy_since or receipt.refused or receipt.reason:
            yield f"{receipt} is not at rest"
    yield from map(str, admin.faults())


def test_everything_at_once_ends_in_agreement(stress, our_threads):
    """CM-09, CM-10, CM-14, CM-16, CM-18, CM-19, CM-23, CM-26, CM-29, CM-42, CM-48."""
    admin, singles, instances = stress.admin, PIDS[:4], PIDS[4:8]
    services = [SteadyService(stress, slow_s) for slow_s in (0, 0.005, 0.02)]
    services.append(CheckingService(stress, 0))
    factories = [SteadyFactory(stress, 0.01), CheckingFactory(stress, 0)]
    listeners = [Listener(stress), Listener(stress)]
    for listener, kind in zip(listeners, ({}, {"synchronous": True}), strict=True):
        admin.add_listener(listener, **kind)
    for service in services:
        admin.add_managed_service([*singles, *PAIR], service)
    for factory in factories:
        admin.add_managed_service_factory("f", factory)

    most = run_all([Worker(stress, n) for n in range(THREADS)], stress, our_threads)
    assert stress.wrong == []
    come_to_rest(stress)
    followers = [
        *((service, (*singles, *PAIR)) for service in services),
        *((factory, instances) for factory in factories),
    ]
    assert last_disagreements(stress, followers) == []

    changes = sum(map(len, listeners[0].revisions.values()))
    print(f"{changes} changes in {DURATION_S:g} s, {most} threads at most")  # noqa: T201 - figures to look at with -s
    assert most <= MAX_CALLBACK_THREADS * 2 + 8
    for listener in listeners:
        listener.require_no_gap()
        assert all(seen[0] == 1 for seen in listener.revisions.values())
        for pid, seen in listener.revisions.items():
            newest = admin.find(pid)
            assert newest is None or newest.revision == seen[-1]
    acknowledged = list(stress.acknowledged.values())
    assert len(set(acknowledged)) == len(acknowledged), "a revision was given twice"
    for pid, revision in acknowledged:
        assert revision <= listeners[0].revisions[pid][-1]
    for one, _ in followers:
        for values in one.values.values():
            came = [stress.acknowledged.get(value, (0, 0))[1] for value in values]
            in_order = [revision for revision in came if revision]
            assert in_order == sorted(in_order)
    assert stress.wrong == []
