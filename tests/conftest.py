"""How many cases the laws are tried with, and processes whose output is awaited."""

import os
import queue
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from config_admin import ConfigAdmin

# In CI the same cases each time, so that it says something of the change and not of
# chance; at a desk and at night other ones.
settings.register_profile(
    "default",
    max_examples=100,
    deadline=None,
    print_blob=True,
    derandomize="CI" in os.environ,
)
settings.register_profile("nightly", max_examples=3000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

LIMIT_S = 10.0
WAIT_S = 15.0  # for what takes an admin some steps
NOBODY = 65534
_PAUSE = threading.Event()


def _heed_ctrl_c():
    """A program that was started in the background would ignore Ctrl-C, as we do."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Program:
    """
    A running process; its lines are read as they come.

    Args:
        command: What to run.
        options: For `Popen`; standard error is read with the output unless one says
            otherwise.
    """

    def __init__(self, command, **options):
        options = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            "preexec_fn": _heed_ctrl_c,
            **options,
        }
        self.process = subprocess.Popen(command, **options)
        self.lines = []
        self._came = queue.SimpleQueue()
        self._reader = None
        if self.process.stdout is not None:
            self.read_from(self.process.stdout)

    def read_from(self, stream):
        """Take the lines of *stream*, and close it in the end."""
        self._reader = threading.Thread(target=self._pump, args=[stream], daemon=True)
        self._reader.start()

    def _pump(self, stream):
        with stream:
            try:
                for line in stream:
                    self._came.put(line.decode(errors="replace").rstrip("\r\n"))
            except OSError:
                pass  # a pseudo-terminal whose other side is gone
        self._came.put(None)

    def line_with(self, text):
        """The next line that contains *text*."""
        deadline_s = time.monotonic() + LIMIT_S
        while True:
            try:
                line = self._came.get(timeout=max(0.0, deadline_s - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                pytest.fail(f"{text!r} did not come. What came:\n{self.output}")
            self.lines.append(line)
            if text in line:
                return line

    @property
    def output(self):
        """Everything that was read up to now."""
        return "\n".join(self.lines)

    def end(self, number=signal.SIGINT):
        """Send a signal; the exit code, when all output has been read."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self):
        """The exit code, when it has ended by itself and all output has been read."""
        code = self.process.wait(LIMIT_S)
        if self._reader is not None:
            while (line := self._came.get(timeout=LIMIT_S)) is not None:
                self.lines.append(line)
            self._reader.join(LIMIT_S)
        return code

    def close(self):
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(LIMIT_S)
        if self._reader is not None:
            self._reader.join(LIMIT_S)


@pytest.fixture
def start():
    """Start a process; the test's end is its end."""
    programs = []

    def begin(*command, **options):
        programs.append(Program(list(map(str, command)), **options))
        return programs[-1]

    yield begin
    for program in programs:
        program.close()


@pytest.fixture(scope="session")
def project():
    """The directory of the sources."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def scripts():
    """Where the commands of this environment are."""
    return Path(sys.executable).parent


def replace_file(path, text):
    """Save as careful editors do: write another file, then rename it over."""
    draft = path.with_name(f"{path.name}.saving")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


@pytest.fixture(scope="session")
def save():
    """Save a file by a rename: `save(path, text)`."""
    return replace_file


@pytest.fixture
def full_disk():
    """A disk that has no room for more than some bytes of a file, for a while."""

    @contextmanager
    def limited(max_bytes):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited


@pytest.fixture
def without_privileges():
    """What *call* raises, as text, when root is not who calls it; else ""."""

    def told_by(call):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            told = ""
            try:
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setgid(NOBODY)
                    os.setuid(NOBODY)
                call()
            except Exception as error:  # noqa: BLE001 - it is the answer
                told = f"{type(error).__name__}: {error}"
            finally:
                os.write(writer, told.encode())
                os._exit(0)
        os.close(writer)
        os.waitpid(child, 0)
        with open(reader, encoding="utf-8") as answer:  # noqa: PTH123 - a descriptor
            return answer.read()

    return told_by


def wait_until(condition, limit_s=WAIT_S):
    """Wait for *condition* to hold; what it gives then."""
    deadline_s = time.monotonic() + max(limit_s, WAIT_S)
    while not (found := condition()):
        if time.monotonic() > deadline_s:
            pytest.fail(f"it did not come about within {limit_s:g} s")
        _PAUSE.wait(0.005)
    return found


def our_threads():
    return [
        thread
        for thread in threading.enumerate()
        if thread.name.startswith("config-admin")
    ]


@pytest.fixture(name="wait_until")
def wait_until_fixture():
    return wait_until


@pytest.fixture(name="our_threads")
def our_threads_fixture():
    """The threads of every admin there is."""
    return our_threads


@pytest.fixture
def make_admin():
    """Make an admin that ends with the test; then none of its threads is left."""
    admins = []

    def make(etc=None, **options):
        admins.append(ConfigAdmin(etc, **options))
        return admins[-1]

    yield make
    for admin in admins:
        admin.stop()
    wait_until(lambda: not our_threads())
