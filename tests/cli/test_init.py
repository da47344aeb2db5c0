"""`config-admin init`: a sample to begin with, and nothing that is there is lost."""

import pytest

# The stem of each file in etc/, and the PID whose schema there is.
SAMPLES = {
    "net.roboconf.agent.configuration": "net.roboconf.agent.configuration",
    "net.roboconf.dm.configuration": "net.roboconf.dm.configuration",
    "net.roboconf.messaging.http": "net.roboconf.messaging.http",
    "net.roboconf.messaging.idle": "net.roboconf.messaging.idle",
    "net.roboconf.messaging.in%2Dmemory": "net.roboconf.messaging.in-memory",
    "net.roboconf.messaging.rabbitmq": "net.roboconf.messaging.rabbitmq",
}
FILES = {
    *(f"etc/{stem}.cfg" for stem in SAMPLES),
    *(f"schemas/{pid}.schema.json" for pid in SAMPLES.values()),
}

pytestmark = pytest.mark.integration


def files_of(directory):
    found = [path for path in directory.rglob("*") if path.is_file()]
    return {str(path.relative_to(directory)) for path in found}


def test_a_sample_is_written(tmp_path, project, call):
    done = call("init")

    assert done.returncode == 0
    assert files_of(tmp_path) == FILES
    for file in FILES:
        assert (tmp_path / file).read_bytes() == (project / file).read_bytes()
        assert f"wrote {file}" in done.stdout
    assert "config-admin run\n" in done.stdout


def test_the_sample_is_right(tmp_path, call):
    call("init")

    done = call("check")

    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "",
        "6 files, no faults\n",
    )


def test_another_directory_is_made(tmp_path, call):
    done = call("init", "a place/for it")

    assert files_of(tmp_path / "a place" / "for it") == FILES
    assert "config-admin run --etc 'a place/for it/etc'" in done.stdout


def test_nothing_is_overwritten(tmp_path, call):
    mine = tmp_path / "etc" / "net.roboconf.messaging.rabbitmq.cfg"
    mine.parent.mkdir()
    mine.symlink_to("nowhere")

    done = call("init")

    assert done.returncode == 0
    assert f"kept  {mine.relative_to(tmp_path)} (it was there)" in done.stdout
    assert mine.is_symlink()
    assert not mine.exists()


def test_what_is_in_the_way_is_named(tmp_path, call):
    (tmp_path / "etc").write_text("", encoding="utf-8")

    done = call("init")

    assert done.returncode == 1
    assert ".cfg cannot be written: File exists." in done.stderr
    assert "config-admin init DIR" in done.stderr
