"""
From the rename of a file to the callback, and the cold start of many files.

In the same run, as references: watchdog's own observer told of the same renames, and
a loop that only opens and reads the same files.

    python benchmarks/live.py [rounds] [files]
"""

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from queue import Queue
from time import perf_counter

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from config_admin import ConfigAdmin

PID = "net.roboconf.messaging.rabbitmq"
SCHEMAS = Path(__file__).parent.parent / "schemas"


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    files = int(sys.argv[2]) if len(sys.argv) > 2 else 1000  # noqa: PLR2004 - its place
    told: Queue[float] = Queue()
    with tempfile.TemporaryDirectory() as folder:
        etc = Path(folder)
        _save(etc, 0)
        admin = ConfigAdmin(etc, schemas=SCHEMAS)
        admin.add_managed_service(PID, lambda _: told.put(perf_counter()))
        with admin:
            told.get()
            report("rename -> callback", latencies_ms(etc, told, rounds))
    with tempfile.TemporaryDirectory() as folder:
        observer = Observer()
        observer.schedule(_Moves(told), folder)
        observer.start()
        report("rename -> watchdog", latencies_ms(Path(folder), told, rounds))
        observer.stop()
        observer.join()
    report_cold_start(files)


def latencies_ms(etc: Path, told: "Queue[float]", rounds: int) -> list[float]:
    """Rename a new version over the file, wait until that was told; each in ms."""
    found = []
    for number in range(1, rounds + 1):
        renamed_at = _save(etc, number)
        found.append((told.get(timeout=10) - renamed_at) * 1000)
    return found


def report(name: str, found_ms: list[float]) -> None:
    """Print the median and the tail."""
    cuts = statistics.quantiles(found_ms, n=100)
    print(
        f"{name:20} p50 {statistics.median(found_ms):7.2f} ms   "
        f"p99 {cuts[98]:7.2f} ms   max {max(found_ms):7.2f} ms"
    )


def report_cold_start(files: int) -> None:
    """Start on a directory full of files, beside a loop that only reads them."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(files):
            text = f"# a comment\nhost = h{number}\nport = 5672\nuser = guest\n"
            Path(folder, f"bench.n{number}.cfg").write_text(text)
        reading_s = min(_timed(lambda: _read_all(Path(folder))) for _ in range(3))
        admin = ConfigAdmin(folder)
        start_s = _timed(admin.start)
        found = len(admin.list_configurations())
        admin.stop()
    print(
        f"cold start           {found:,} files in {start_s * 1000:.0f} ms   "
        f"only reading them {reading_s * 1000:.0f} ms   "
        f"ratio {start_s / reading_s:.1f}"
    )


class _Moves(FileSystemEventHandler):
    def __init__(self, told: "Queue[float]") -> None:
        self._told = told

    def on_moved(self, _event: FileSystemEvent) -> None:
        self._told.put(perf_counter())


def _save(etc: Path, number: int) -> float:
    draft = etc / ".draft"
    draft.write_text(f"message-server-ip = host{number}\n")
    renamed_at = perf_counter()
    draft.rename(etc / f"{PID}.cfg")
    return renamed_at


def _timed(call: Callable[[], object]) -> float:
    begun = perf_counter()
    call()
    return perf_counter() - begun


def _read_all(folder: Path) -> int:
    return sum(len(path.read_bytes()) for path in folder.iterdir())


if __name__ == "__main__":
    main()
