"""Foreign text is shown escaped, shortened, and masked if secret."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.display import (
    MASK,
    escaped,
    is_secret_name,
    shown,
    without_url_password,
)

UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("größe 日本 🐇", "größe 日本 🐇"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x00\x7f\x9b", "\\x00\\x7f\\x9b"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\udcff", "\\udcff"),
        ("\ue000", "\\ue000"),
        ("\U000e0001", "\\U000e0001"),
        ("C:\\new", "C:\\new"),
    ],
)
def test_what_is_not_plainly_visible_is_escaped(text, expected):
    """CM-51."""
    assert escaped(text) == expected


@given(st.text())
def test_escaped_text_can_do_nothing_to_a_terminal(text):
    """CM-51."""
    safe = escaped(text)

    assert {unicodedata.category(character) for character in safe}.isdisjoint(UNSAFE)
    safe.encode()
    assert escaped(safe) == safe


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", "'a'"),
        ("", "''"),
        ("it's", '"it\'s"'),
        ('say "a"', "'say \"a\"'"),
        ('it\'s "a"', "'it's \"a\"'"),
        ("http://me:pw@host", f"'http://me:{MASK}@host'"),
        ("\x1b", "'\\x1b'"),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (1.5, "1.5"),
        (("a", 1), "['a', 1]"),
        ([True], "[true]"),
        ((), "[]"),
        (tuple(range(5)), "[0, 1, 2, 3, 4]"),
        (tuple(range(1000)), "[0, 1, 2, 3, 4, … (1,000 items)]"),
        ("x" * 120, "'" + "x" * 120 + "'"),
        ("x" * 1121, "'" + "x" * 120 + "'… (1,121 characters)"),
    ],
)
def test_a_value_in_a_sentence(value, expected):
    """CM-51."""
    assert shown(value) == expected


@given(st.text() | st.integers() | st.floats() | st.binary() | st.lists(st.text()))
def test_no_value_does_anything_to_a_terminal(value):
    """CM-51."""
    assert escaped(shown(value)) == shown(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amqp://me:hunter2@host:5672/a", f"amqp://me:{MASK}@host:5672/a"),
        ("redis://:hunter2@host", f"redis://:{MASK}@host"),
        ("a://b:c@d and e://f:g@h", f"a://b:{MASK}@d and e://f:{MASK}@h"),
        ("http://me@host:80", "http://me@host:80"),
        ("http://host:80/a@b", "http://host:80/a@b"),
        ("me:hunter2@host", "me:hunter2@host"),
        ("http://host", "http://host"),
        ("", ""),
    ],
)
def test_the_password_in_an_address_is_masked(text, expected):
    """CM-37."""
    assert without_url_password(text) == expected


def test_a_foreign_object_is_shortened():
    """CM-51."""
    assert len(shown(b"x" * 1000)) == 120


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "PASSWORD",
        "Passwords",
        "dbPassword",
        "db_password",
        "message_server_password",
        "passwd",
        "passphrase",
        "pass",
        "userPass",
        "pwd",
        "pin",
        "key",
        "ssl.key",
        "api-keys",
        "apikey",
        "apiKey",
        "API_KEY",
        "accessKeys",
        "privatekey",
        "secret",
        "client.secret",
        "clientsecret",
        "token",
        "authToken",
        "AUTHToken",
        "oauth2.token",
        "auth",
        "credentials",
        "pass.word",
        "pass phrase",
        "to-ken",
        "password2",
    ],
)
def test_a_key_named_like_a_secret_is_one(key):
    """CM-37."""
    assert is_secret_name(key)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "port",
        "monkey",
        "keyboard",
        "passenger",
        "compass",
        "tokenizer",
        "secretary",
        "author",
        "pinned",
        "message_server_username",
        "größe",
        "1",
    ],
)
def test_a_key_that_only_resembles_a_secret_is_none(key):
    """CM-37."""
    assert not is_secret_name(key)
