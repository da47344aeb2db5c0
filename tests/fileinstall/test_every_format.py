"""Files of every format are followed, written back, and never lose a comment."""

import pytest

from config_admin import ConfigAdmin, InvalidConfigurationError

FILES = [
    ("p.cfg", "# c\na = 1\n", "# c\na = 2\n"),
    ("p.config", '# c\na="1"\n', '# c\na="2"\n'),
    ("p.json", '{ // c\n  "a": "1"\n}\n', '{ // c\n  "a": "2"\n}\n'),
    ("p.cfg.json", '{ // c\n  "a": "1"\n}\n', '{ // c\n  "a": "2"\n}\n'),
]


@pytest.mark.integration
@pytest.mark.parametrize(("name", "text", "written"), FILES)
def test_a_file_is_read_and_written_in_its_format(tmp_path, name, text, written):
    (tmp_path / name).write_text(text, encoding="utf-8")

    with ConfigAdmin(tmp_path, store=None) as admin:
        assert admin.get("p").properties == {"a": "1"}
        admin.update("p", {"a": "2"})
        assert admin.flush(5)

    assert (tmp_path / name).read_text(encoding="utf-8") == written
    assert [path.name for path in tmp_path.iterdir()] == [name]


AUTOMATIC = [
    ("f~x.cfg", "a = 1\nservice.pid : mine\nService.factoryPid = f\nb = 1\n", 2),
    ("f~x.config", 'a="1"\nservice.pid = "mine"\nb="1"\n', 2),
    (
        "f~x.json",
        '{\n  // c\n  "a": "1",\n  "service.pid": "mine",\n  "b": "1"\n}\n',
        4,
    ),
]


@pytest.mark.integration
@pytest.mark.parametrize(("name", "text", "line"), AUTOMATIC)
def test_a_line_with_an_automatic_property_is_told_and_stays(
    tmp_path, name, text, line
):
    """CM-05."""
    (tmp_path / name).write_text(text, encoding="utf-8")

    with ConfigAdmin(tmp_path, store=None) as admin:
        assert admin.get("f~x").properties == {"a": "1", "b": "1"}
        fault = admin.faults()[0]
        assert fault.severity.value == "warning"
        assert (fault.file, fault.line) == (str(tmp_path / name), line)

        admin.update("f~x", {"b": "1", "a": "2"})
        assert admin.flush(5)
        assert admin.faults()[0] == fault

    written = (tmp_path / name).read_text(encoding="utf-8")
    assert written == text.replace("1", "2", 1)


@pytest.mark.integration
def test_an_update_that_would_lose_a_comment_is_refused_with_its_place(tmp_path):
    text = '{"a": [1, /* two */ 2]}'
    (tmp_path / "p.json").write_text(text, encoding="utf-8")

    with ConfigAdmin(tmp_path, store=None) as admin:
        with pytest.raises(InvalidConfigurationError) as caught:
            admin.update("p", {"a": [3]})
        assert admin.get("p").properties == {"a": [1, 2]}

    (violation,) = caught.value.violations
    assert violation.rule == "comment"
    assert (violation.line, violation.column) == (1, 11)
    assert violation.file == str(tmp_path / "p.json")
    assert (tmp_path / "p.json").read_text(encoding="utf-8") == text


@pytest.mark.integration
def test_two_files_of_one_pid_are_a_fault(tmp_path):
    for name, text, _ in FILES[:2]:
        (tmp_path / name).write_text(text, encoding="utf-8")

    with ConfigAdmin(tmp_path, store=None) as admin:
        (fault,) = admin.faults()

    assert fault.file == str(tmp_path / "p.config")
    assert "a second file of p" in fault.message
