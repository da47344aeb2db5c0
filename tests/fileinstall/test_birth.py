"""When a directory was made."""

import os
import time

from config_admin.fileinstall.birth import birth_ns

TICK_NS = 10**8  # the clocks of file systems tick more slowly


def test_it_is_told_where_the_file_system_knows_and_does_not_change(tmp_path):
    before_ns = time.time_ns() - TICK_NS
    path = tmp_path / "etc"
    path.mkdir()
    born_ns = birth_ns(path)

    assert born_ns == 0 or before_ns <= born_ns <= time.time_ns() + TICK_NS

    (path / "p.cfg").touch()
    os.utime(path, (0, 0))
    path.chmod(0o700)
    assert birth_ns(path) == born_ns


def test_of_what_is_not_there_nobody_knows(tmp_path):
    assert birth_ns(tmp_path / "missing") == 0
