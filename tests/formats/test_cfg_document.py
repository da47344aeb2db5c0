import io
import subprocess
import sys

import pytest

from config_admin.core.errors import FormatError
from config_admin.formats import cfg

TEXT = """\
# The licence.

# Where to listen.
! Not below 1024.
port : 8080

# Who may \\
path = C:\\\\temp \\
   # no comment
list = a, b
empty

# The end.
"""


def test_a_document_has_the_keys_in_their_order_with_values_as_text():
    document = cfg.document(TEXT)

    assert document.scalars == ["port", "path", "list", "empty"]
    assert dict(document) == cfg.loads(TEXT)


def test_a_document_keeps_comments_with_their_keys():
    document = cfg.document(TEXT)

    assert document.initial_comment == ["# The licence.", ""]
    assert document.comments == {
        "port": ["# Where to listen.", "! Not below 1024."],
        "path": ["", "# Who may \\"],
        "list": [],
        "empty": [],
    }
    assert document.final_comment == ["", "# The end."]


def test_a_document_can_be_written():
    out = io.BytesIO()

    cfg.document(TEXT).write(out)

    assert out.getvalue().decode().splitlines()[:4] == [
        "# The licence.",
        "",
        "# Where to listen.",
        "# ! Not below 1024.",
    ]
    assert "port = 8080" in cfg.document(TEXT).write()
    assert "empty = " in cfg.document(TEXT).write()


def test_typed_values_and_placeholders_stand_in_a_document_as_they_are_loaded():
    assert dict(cfg.document('a=I"3"\nb=["x"]\n')) == {"a": 3, "b": ["x"]}
    assert dict(cfg.document("a=%(b)s ${c}\nb=1\n")) == {"a": "%(b)s ${c}", "b": "1"}


def test_a_repeated_key_gathers_its_comments():
    document = cfg.document("# one\na=1\n# two\na=2\n")

    assert document["a"] == "2"
    assert document.comments["a"] == ["# one", "# two"]


def test_a_text_of_comments_is_a_document_without_keys():
    document = cfg.document("\ufeff# c\n")

    assert document.scalars == []
    assert document.final_comment == ["# c"]


def test_a_text_that_cannot_be_read_makes_no_document():
    with pytest.raises(FormatError):
        cfg.document("=1\n")


def test_reading_does_not_import_configobj():
    program = (
        "import sys; from config_admin.formats import cfg; cfg.loads('a=1');"
        "sys.exit('configobj' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
