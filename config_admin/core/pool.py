"""Threads for calls that somebody waits for."""

import threading
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from config_admin.core.call import Call
from config_admin.core.daemon import start_daemon
from config_admin.core.errors import NotRunningError

T = TypeVar("T")

_FRAMES_SHOWN = 3


class _Job:
    """
    What a thread is to do for somebody who waits.

    Attributes:
        ended: Set when it has been run, or will not be.
        is_refused: Whether it will not be, since the pool has been stopped.
    """

    def __init__(self, run: Callable[[], None]) -> None:
        self.ended = threading.Event()
        self.is_refused = False
        self._run = run
        self._error: BaseException | None = None

    def perform(self) -> None:
        """Run it."""
        try:
            self._run()
        except BaseException as error:  # noqa: BLE001 - it is raised to whoever waits
            self._error = error
        self.ended.set()

    def refuse(self) -> None:
        """Do not run it."""
        self.is_refused = True
        self.ended.set()

    def raise_error(self) -> None:
        """Raise what it raised."""
        error, self._error = self._error, None  # it knows this job: a cycle
        if error is not None:
            try:
                raise error
            finally:
                del error


class Pool:
    """
    Runs calls at once, each on a thread that is idle or new.

    Args:
        max_threads: So many calls can run at the same time; more of them wait.
        linger_s: How long an idle thread waits for work before it ends.
        owner: The dispatcher that it belongs to.
    """

    def __init__(self, max_threads: int, linger_s: float, owner: object = None) -> None:
        self._owner = owner
        self._max_threads = max_threads
        self._linger_s = linger_s
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._jobs: deque[_Job] = deque()
        self._threads = 0
        self._idle_threads = 0
        self._stopped = False

    def run_within(self, call: Callable[[], T], timeout_s: float) -> T:
        """As `config_admin.core.dispatch.Dispatcher.run_within`."""
        inside, results = Call(owner=self._owner), list[T]()
        context = copy_context()
        job = _Job(lambda: results.append(context.run(inside.run, call)))
        self._hand_over(job)
        is_withdrawn = False
        try:
            job.ended.wait(min(timeout_s, threading.TIMEOUT_MAX))
        finally:  # also of an interrupt from the keyboard
            if not job.ended.is_set():
                is_withdrawn = self._withdraw(job)
        if is_withdrawn:
            raise TimeoutError(self._no_thread(timeout_s))
        if job.is_refused:
            raise NotRunningError("The admin has been stopped: no check is run.")
        if not job.ended.is_set():
            where = inside.stack(_FRAMES_SHOWN) or "its end"
            raise TimeoutError(
                f"It does not return within {timeout_s:g} s: at {where}."
            )
        job.raise_error()
        return results[0]

    def stop(self) -> None:
        """Run nothing more; what runs goes on."""
        with self._lock:
            self._stopped = True
            for job in self._jobs:
                job.refuse()
            self._jobs.clear()
            self._work.notify_all()

    def _hand_over(self, job: _Job) -> None:
        with self._lock:
            if self._stopped:
                job.refuse()
                return
            self._jobs.append(job)
            if len(self._jobs) <= self._idle_threads:  # one for each that waits
                self._work.notify()
                return
            if self._threads == self._max_threads:
                return
            self._threads += 1
        try:
            start_daemon("config-admin check", self._run)
        except RuntimeError:  # the system has none left: perhaps one becomes free
            with self._lock:
                self._threads -= 1

    def _withdraw(self, job: _Job) -> bool:
        """Do not run *job*; whether that was in time."""
        with self._lock:
            is_waiting = job in self._jobs
            if is_waiting:
                self._jobs.remove(job)
            return is_waiting

    def _run(self) -> None:
        while (job := self._next_job()) is not None:
            job.perform()
            del job  # not kept while the thread idles

    def _next_job(self) -> _Job | None:
        with self._lock:
            self._idle_threads += 1
            self._work.wait_for(lambda: self._jobs or self._stopped, self._linger_s)
            self._idle_threads -= 1
            if not self._jobs:
                self._threads -= 1
                return None
            return self._jobs.popleft()

    def _no_thread(self, timeout_s: float) -> str:
        found = f"No thread became free for it within {timeout_s:g} s:"
        if self._threads < self._max_threads:
            return f"{found} the system starts none. Raise its limit of threads."
        return (
            f"{found} {self._threads} run calls that do not return. Mend those, "
            "or raise the setting max_callback_threads."
        )
