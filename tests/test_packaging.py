"""What is handed on: the archive of the sources and the wheel, and that they work."""

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from sysconfig import get_path

import pytest

PROJECT = Path(__file__).parents[1]
SOURCES = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "PKG-INFO",
    "README.md",
    "benchmarks",
    "config_admin",
    "constraints.txt",
    "docs",
    "etc",
    "examples",
    "pyproject.toml",
    "schemas",
    "tests",
}

pytestmark = pytest.mark.integration


def run(*command, cwd):
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A directory with the archive of the sources, and the wheel made from it."""
    directory = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", directory]
    run(*build, PROJECT, cwd=directory)
    return directory


@pytest.fixture(scope="session")
def wheel(built):
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """The commands of a new environment with the wheel and what it depends on."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, symlinks=True)
    python = environment / "bin" / "python"
    packages = get_path("purelib", vars={"base": environment, "platbase": environment})
    # Ours, without what they add to the path in turn: this project among it.
    Path(packages, "dependencies.pth").write_text(get_path("purelib"), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--isolated", "--python", python]
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=environment)
    return environment / "bin"


def package_files():
    found = (PROJECT / "config_admin").rglob("*")
    files = {path for path in found if path.suffix == ".py" or path.name == "py.typed"}
    return {str(path.relative_to(PROJECT)) for path in files}


def test_the_wheel_holds_the_package_and_its_samples(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        licences = [name for name in archive.namelist() if name.endswith("/LICENSE")]

    samples = {
        f"config_admin/samples/{path.relative_to(PROJECT)}"
        for path in [*PROJECT.glob("etc/*.cfg"), *PROJECT.glob("schemas/*.schema.json")]
    }
    assert len(samples) >= 2
    assert names == package_files() | samples
    assert len(licences) == 1


def test_the_archive_of_the_sources_is_complete_and_clean(built):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as sources:
        paths = [Path(name).parts[1:] for name in sources.getnames()]

    assert {parts[0] for parts in paths} == SOURCES
    assert not [parts for parts in paths if "__pycache__" in parts]
    assert not [parts for parts in paths[1:] if parts[-1][0] == "." and len(parts) > 1]


def test_what_was_installed_is_the_wheel(installed, tmp_path):
    script = "import config_admin; print(config_admin.__file__)"

    found = run(installed / "python", "-c", script, cwd=tmp_path)

    assert Path(found).is_relative_to(installed.parent)


def test_the_installed_command_works(installed, tmp_path):
    command = installed / "config-admin"

    said = run(command, "init", cwd=tmp_path)
    run(command, "check", cwd=tmp_path)

    assert "wrote etc/net.roboconf.messaging.rabbitmq.cfg" in said
    assert (tmp_path / "schemas").is_dir()


def test_no_host_and_no_path_is_pinned():
    lines = (PROJECT / "constraints.txt").read_text(encoding="utf-8").splitlines()

    pins = [line.split("==") for line in lines if not line.startswith("#")]
    assert all(len(pin) == 2 and pin[0] and pin[1][0].isdigit() for pin in pins)


def test_make_explains_itself():
    said = run("make", "--no-print-directory", cwd=PROJECT)

    assert said.startswith("make run ")
