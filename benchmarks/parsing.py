"""
`config_admin.formats.cfg.loads` beside ConfigObj, javaproperties and jprops.

All read the same text of three properties, in turns, in one run; medians are printed,
and the ratio to the fastest of the others. Then as many different files are parsed.

    pip install javaproperties jprops
    python benchmarks/parsing.py [rounds] [files]
"""

import io
import statistics
import sys
from collections.abc import Callable
from time import perf_counter

import javaproperties
import jprops
from configobj import ConfigObj

from config_admin.formats import cfg

TEXT = """\
# the messaging server
message-server-ip = http://192.168.1.89:4048
message-server-username = guest
message-server-password = guest
"""
CALLS = 200


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    files = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000  # noqa: PLR2004 - its place
    readers: dict[str, Callable[[], object]] = {
        "config_admin": lambda: cfg.loads(TEXT),
        "ConfigObj": lambda: ConfigObj(
            TEXT.splitlines(), list_values=False, interpolation=False
        ),
        "javaproperties": lambda: javaproperties.loads(TEXT),
        "jprops": lambda: jprops.load_properties(io.BytesIO(TEXT.encode())),
    }
    found_us: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(rounds):
        for name, read in readers.items():
            found_us[name].append(_timed(read, CALLS) / CALLS * 1e6)
    medians_us = {name: statistics.median(found) for name, found in found_us.items()}
    for name, median_us in medians_us.items():
        print(f"{name:15} {median_us:8.1f} us")
    ours_us = medians_us.pop("config_admin")
    print(f"ours : fastest of the others = {ours_us / min(medians_us.values()):.2f}")
    texts = [TEXT.replace("guest", f"guest{number}") for number in range(files)]
    print(f"{files:,} files in {_timed(lambda: [*map(cfg.loads, texts)], 1):.3f} s")


def _timed(call: Callable[[], object], calls: int) -> float:
    begun = perf_counter()
    for _ in range(calls):
        call()
    return perf_counter() - begun


if __name__ == "__main__":
    main()
