"""What has to hold after a crash: nothing acknowledged is lost, and files are whole."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from config_admin import ConfigAdmin
from config_admin.formats import cfg

IS_NIGHT = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
LIMIT_S = 60.0
COMMENT = "# what a comment says stays\n"
SCENARIO = Path(__file__).with_name("scenario.py")


def pytest_collection_modifyitems(items):
    here = __file__.removesuffix("conftest.py")
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.integration)


@dataclass
class World:
    """
    A directory with configurations, and what they may be.

    Attributes:
        root: Holds ``etc`` and ``var``.
        possible: What each PID may be now: revision and value, None: deleted.
        acked: What was acknowledged: PID and revision to value.
    """

    root: Path
    possible: dict[str, set[tuple[int, str | None]]] = field(default_factory=dict)
    acked: dict[tuple[str, int], str | None] = field(default_factory=dict)

    def __post_init__(self):
        (self.root / "etc").mkdir(parents=True)
        (self.root / "etc/p.cfg").write_text(f"{COMMENT}v = 0\n")
        self.possible = {"p": {(0, None), (1, "0")}}

    def command(self):
        return [sys.executable, "-X", "faulthandler", str(SCENARIO), str(self.root)]

    def run(self, *before, **options):
        """Run the scenario behind the words *before*; what it said."""
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "ROUNDS": "2"}
        done = subprocess.run(
            [*before, *self.command()],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            env=environment,
            **options,
        )
        self.learn(done.stdout)
        return done

    def learn(self, said):
        """What may be there after *said*; a last line that was cut off says nothing."""
        waiting: dict[str, str | None] = {}
        for line in said.splitlines():
            kind, *words = line.split(" ")
            if kind == "intent":
                waiting[words[0]] = None if words[1] == "-" else words[1]
            elif kind == "acked":
                self._acknowledge(words[0], int(words[1]), waiting.pop(words[0]))
            elif kind == "failed":
                del waiting[words[0]]
            elif kind == "unknown":
                self._doubt(words[0], waiting.pop(words[0]))
        for pid, value in waiting.items():
            self._doubt(pid, value)

    def _acknowledge(self, pid, revision, value):
        if revision == 0:
            return  # there was nothing to delete
        before = self.possible.get(pid, {(0, None)})
        assert any(known <= revision <= known + 2 for known, _ in before), line(pid)
        self.possible[pid] = {(revision, value)}
        self.acked[pid, revision] = value

    def _doubt(self, pid, value):
        before = self.possible.setdefault(pid, {(0, None)})
        before |= {(revision + 1, value) for revision, _ in before}

    def check(self):
        """Start again, and compare with everything that was said."""
        with ConfigAdmin(
            self.root / "etc", store=self.root / "var/config.db", history_limit=None
        ) as admin:
            assert admin.flush(LIMIT_S)
            for pid in sorted(self.possible):
                self._check(admin, pid)
            kept = {
                (pid, one.configuration.revision): one.configuration
                for pid in self.possible
                for one in admin.history(pid)
            }
            for place, value in self.acked.items():
                assert kept[place].properties.get("v") == value
            assert admin.faults() == ()
        assert [one.name for one in (self.root / "etc").glob(".*")] == []

    def _check(self, admin, pid):
        history = admin.history(pid)
        newest = history[0].configuration if history else None
        found = (0, None)
        if newest is not None:
            found = (newest.revision, newest.properties.get("v"))
        assert found in self.possible[pid], (pid, found, self.possible[pid])
        self.possible[pid] = {found}
        path = self.root / "etc" / f"{pid}.cfg"
        there = admin.find(pid)
        assert path.exists() == (there is not None)
        if there is not None:
            text = path.read_text()
            assert cfg.loads(text) == dict(there.properties)
            assert pid != "p" or text.startswith(COMMENT)


def line(pid):
    return f"{pid} was acknowledged with a revision that cannot be"


@pytest.fixture(scope="module")
def world_class():
    return World


@pytest.fixture
def make_world(tmp_path):
    def make(name="world"):
        return World(tmp_path / name)

    return make


@pytest.fixture
def is_night():
    return IS_NIGHT
