import subprocess
import sys

import pytest

from config_admin import extensions
from config_admin.cli import check
from config_admin.fileinstall.names import pid_of, suffix_of

LAZY = """
import sys
from config_admin import extensions
formats = extensions.formats()
list(formats), len(formats), ".json" in formats
assert not any("formats." in name for name in sys.modules)
formats[".cfg"].loads("a=1")
assert "config_admin.formats.cfg" in sys.modules
assert "config_admin.formats.config" not in sys.modules
assert "config_admin.formats.configurator" not in sys.modules
"""


def test_a_format_is_imported_when_it_is_looked_up():
    subprocess.run([sys.executable, "-c", LAZY], check=True)


def test_new_files_are_cfg():
    assert next(iter(extensions.formats())) == ".cfg"


@pytest.mark.parametrize(
    ("name", "suffix", "pid"),
    [
        ("a.cfg", ".cfg", "a"),
        ("a.config", ".config", "a"),
        ("a.json", ".json", "a"),
        ("a~b.cfg.json", ".cfg.json", "a~b"),
    ],
)
def test_the_longest_suffix_is_that_of_the_file(name, suffix, pid):
    formats = extensions.formats()

    assert suffix_of(name, formats) == suffix
    assert pid_of(name, suffix) == pid
    assert suffix.endswith(formats[suffix].suffix)


def test_an_unknown_suffix_has_no_format():
    with pytest.raises(KeyError):
        extensions.formats()[".xml"]


def test_check_counts_the_files_of_every_format():
    assert set(check._SUFFIXES) == set(extensions.formats())
