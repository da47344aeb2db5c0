"""User data: what an agent in a cloud is told, and what is said of the wrong ones."""

import base64
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.formats import cfg
from config_admin.messaging.identity import AgentIdentity
from config_admin.messaging.userdata import (
    MAX_BYTES,
    UserDataError,
    from_environment,
    from_file,
    from_text,
    store_files,
)

TEXT = """\
# made by the DM
domain = blue
application.name = shop
scoped.instance.path = /vm/server
ip-address-of-the-agent = 10.0.0.1
net.roboconf.messaging.type = rabbitmq
net.roboconf.messaging.rabbitmq.server.ip = 10.0.0.9\\:5672
message-server-password = hush-one
"""
SHORT = """\
application-name = shop
root-instance-name = vm
net.roboconf.messaging.type = http
"""
STORE = "net.roboconf.messaging.rabbitmq.ssl.key.store.path"
BYTES = b"-----BEGIN CERTIFICATE-----\nhush-two\n\x00\xff"
IN_BASE64 = base64.b64encode(BYTES).decode()


def refused(text, loads=cfg.loads):
    with pytest.raises(UserDataError) as caught:
        from_text(text, loads)
    assert "hush" not in str(caught.value)
    assert "hush" not in repr(caught.value)
    return caught.value.diagnostics


def test_identity_parameters_and_files_are_taken_apart():
    found = from_text(f"{TEXT}@file@{STORE} = {IN_BASE64}\n", cfg.loads)

    assert found.identity == AgentIdentity(
        messaging_type="rabbitmq",
        domain="blue",
        application="shop",
        instance="/vm/server",
        ip_address="10.0.0.1",
    )
    assert found.parameters == {
        "net.roboconf.messaging.rabbitmq.server.ip": "10.0.0.9:5672",
        "message-server-password": "hush-one",
    }
    assert found.files == {STORE: BYTES}


def test_the_older_spellings_and_the_default_domain_will_do():
    identity = from_text(SHORT, cfg.loads).identity

    assert identity.owner.queue == "default.shop.vm"
    assert identity.ip_address == ""


def test_what_it_holds_is_not_shown():
    found = from_text(f"{TEXT}@file@{STORE} = {IN_BASE64}\n", cfg.loads)

    assert "hush" not in repr(found)
    assert IN_BASE64[:8] not in repr(found)


def test_it_never_changes():
    found = from_text(TEXT, cfg.loads)

    with pytest.raises(TypeError):
        found.parameters["a.b"] = "c"


@given(st.binary(max_size=300), st.sampled_from(["", " ", "\\n", "\\\n   "]))
def test_bytes_come_out_as_they_went_in_however_their_text_is_wrapped(data, gap):
    text = base64.b64encode(data).decode()
    wrapped = gap.join(text[at : at + 64] for at in range(0, len(text), 64))

    found = from_text(f"{SHORT}@file@{STORE} = {wrapped}\n", cfg.loads)

    assert found.files == {STORE: data}


# What is wrong


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (SHORT.replace("application-name", "other-name"), "application.name"),
        (SHORT.replace("= vm", "="), "scoped.instance.path"),
        (SHORT.replace("= http", "="), "net.roboconf.messaging.type"),
    ],
)
def test_what_is_missing_is_told_with_an_example(text, key):
    (fault,) = refused(text)

    assert (fault.key, fault.found) == (key, "nothing")
    assert fault.cure.startswith(f"Add a line like {key} = ")
    assert fault.file == "user data"


def test_everything_that_is_missing_is_told_at_once():
    assert len(refused("")) == 3


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("application.name = depot", "application-name"),
        ("scoped.instance.path = /vm2", "root-instance-name"),
    ],
)
def test_two_spellings_with_different_values_are_refused(line, key):
    (fault,) = refused(f"{line}\n{SHORT}")

    assert fault.key == key
    assert line.split()[0] in fault.found
    assert fault.cure == "Keep one of them."
    assert fault.line in {2, 3}


def test_two_spellings_with_one_value_are_accepted():
    text = f"application.name = shop\nscoped.instance.path = /vm\n{SHORT}"

    found = from_text(text, cfg.loads)

    assert found.identity.owner.queue == "default.shop.vm"
    assert found.parameters == {}


@pytest.mark.parametrize(
    ("old", "new", "key", "line"),
    [
        ("= shop", "= a.b", "application-name", 1),
        ("= vm", "= a//b", "root-instance-name", 2),
        ("application", "domain = amq\napplication", "domain", 1),
    ],
)
def test_what_is_no_name_is_told_with_key_line_and_cure(old, new, key, line):
    (fault,) = refused(SHORT.replace(old, new))

    assert (fault.key, fault.line) == (key, line)
    assert ": write " in fault.cure or ": take " in fault.cure


@pytest.mark.parametrize("value", ["hush*", "aHVza", "aHVzaA=", "hushé"])
def test_what_is_no_base64_is_told_and_not_shown(value):
    (fault,) = refused(f"{SHORT}@file@{STORE} = {value}\n")

    assert (fault.key, fault.line) == (f"@file@{STORE}", 4)
    assert "base64" in fault.expected


def test_a_line_of_base64_that_was_cut_off_is_told_and_not_shown():
    cut = IN_BASE64[:8]

    (fault,) = refused(f"{SHORT}@file@{STORE} = {IN_BASE64[:8]}\n{cut}hush\n")

    assert (fault.key, fault.line) == (None, 5)
    assert "backslash" in fault.cure
    assert cut not in str(fault)


@pytest.mark.parametrize("name", ["", "hush", "../../etc/hush", "/hush.x", "a/b.c"])
def test_a_file_of_no_property_is_refused(name):
    (fault,) = refused(f"{SHORT}@file@{name} = {IN_BASE64}\n")

    assert (fault.key, fault.line) == (None, 4)
    assert fault.expected == "@file@<property>"


def test_a_text_that_cannot_be_read_is_told_by_its_line_only():
    (fault,) = refused(f"{SHORT}a.password = hush\\u12\n")

    assert (fault.line, fault.key) == (4, None)
    assert "u12" not in str(fault)


def test_a_typed_value_is_refused():
    (fault,) = refused(SHORT, loads=lambda text: {**cfg.loads(text), "a.b": 1})

    assert (fault.key, fault.found) == ("a.b", "a typed value")


def test_of_very_many_faults_the_first_are_told():
    lines = "".join(f"hush{number}\n" for number in range(999))

    assert [fault.line for fault in refused(SHORT + lines)] == [*range(4, 104)]


def test_a_longer_text_is_refused():
    (fault,) = refused("#" * (MAX_BYTES + 1))

    assert fault.expected == "at most 1,048,576 bytes"
    from_text(SHORT + "#" * (MAX_BYTES - len(SHORT)), cfg.loads)


# Where it comes from


def test_a_file_is_read_and_named_in_its_faults(tmp_path):
    path = tmp_path / "user.data"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())

    assert from_file(path, cfg.loads).identity.domain == "blue"

    path.write_text("domain = a.b\n" + SHORT, encoding="utf-8")
    with pytest.raises(UserDataError) as caught:
        from_file(str(path), cfg.loads)
    assert str(caught.value).startswith(f"{path}:1: domain: found 'a.b', expected")


def missing(path):
    return "No such file"


def directory(path):
    path.mkdir()
    return "not a regular file"


def pipe(path):
    os.mkfifo(path)
    return "not a regular file"


def other_bytes(path):
    path.write_bytes(b"a.b = hush\n\xff")
    return ":2: found bytes that are not UTF-8"


def too_many(path):
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    return "at most 1,048,576 bytes"


@pytest.mark.parametrize("make", [missing, directory, pipe, other_bytes, too_many])
def test_a_file_that_cannot_be_read_is_named(tmp_path, make):
    said = make(tmp_path / "user.data")

    with pytest.raises(UserDataError) as caught:
        from_file(tmp_path / "user.data", cfg.loads)

    assert str(tmp_path / "user.data") in str(caught.value)
    assert said in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_variable_is_read_and_named_in_its_faults():
    assert from_environment("UD", {"UD": TEXT}, cfg.loads).identity.domain == "blue"

    for environment in ({}, {"UD": "domain = a.b"}, {"UD": "\udcff"}):
        with pytest.raises(UserDataError) as caught:
            from_environment("UD", environment, cfg.loads)
        assert "the environment variable UD" in str(caught.value)


# Its files


@pytest.fixture
def user_data():
    other = base64.b64encode(b"other").decode()
    text = (
        f"{SHORT}@file@{STORE} = {IN_BASE64}\n@file@a.b = {other}\n@file@a.c = {other}"
    )
    return from_text(text, cfg.loads)


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_files_are_stored_for_us_alone(user_data, tmp_path):
    place = tmp_path / "new" / "secrets"

    paths = store_files(user_data, place)

    assert paths.keys() == {STORE, "a.b", "a.c"}
    assert Path(paths[STORE]).read_bytes() == BYTES
    assert Path(paths["a.b"]).read_bytes() == b"other"
    assert mode_of(place) == 0o700
    assert {mode_of(path) for path in place.iterdir()} == {0o600}
    assert {str(path) for path in place.iterdir()} == set(paths.values())


def test_other_bytes_have_another_path_and_the_same_ones_the_same(user_data, tmp_path):
    place = tmp_path / "secrets"
    before = store_files(user_data, place)
    encoded = base64.b64encode(b"renewed").decode()
    renewed = from_text(f"{SHORT}@file@{STORE} = {encoded}", cfg.loads)

    after = store_files(renewed, place)

    assert store_files(user_data, place) == before
    assert after[STORE] != before[STORE]
    assert Path(before[STORE]).read_bytes() == BYTES


def test_a_link_in_the_place_of_a_file_is_not_followed(user_data, tmp_path):
    place = tmp_path / "secrets"
    path = Path(store_files(user_data, place)[STORE])
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")

    store_files(user_data, place)

    assert not (tmp_path / "elsewhere").exists()
    assert path.read_bytes() == BYTES
    assert not path.is_symlink()


def open_to_others(place):
    place.mkdir()
    place.chmod(0o750)


def link(place):
    place.with_name("real").mkdir(mode=0o700)
    place.symlink_to("real")


def file(place):
    place.write_bytes(b"")


@pytest.mark.parametrize("make", [open_to_others, link, file])
def test_only_a_directory_of_our_own_will_do(user_data, tmp_path, make):
    place = tmp_path / "secrets"
    make(place)

    with pytest.raises(UserDataError) as caught:
        store_files(user_data, place)

    (fault,) = caught.value.diagnostics
    assert fault.file == str(place)
    assert "mode 0700" in fault.expected
    assert place.is_file() or list(place.iterdir()) == []


def test_what_could_not_be_written_leaves_nothing_behind(user_data, tmp_path):
    place = tmp_path / "secrets"
    in_the_way = Path(store_files(user_data, place)["a.b"])
    in_the_way.unlink()
    in_the_way.mkdir()

    with pytest.raises(UserDataError):
        store_files(user_data, place)

    assert [path.name for path in place.iterdir() if path.name.startswith(".")] == []
