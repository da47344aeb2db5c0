"""
How foreign text is shown to people: escaped, shortened, and masked if secret.

Keys, values, file names and messages of foreign exceptions come from outside. They
reach logs, terminals and pages only through the functions below.
"""

import re
import unicodedata

MASK = "******"

_MAX_SHOWN_CHARACTERS = 120
_MAX_SHOWN_ITEMS = 5

# Categories that can move the cursor, hide text or reorder it: control, format
# (with the bidirectional overrides), surrogate, private use, line and paragraph
# separators.
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

_URL_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]+@")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS = frozenset({"pass", "pwd", "pin", "key", "keys", "auth"})
_SECRET_ENDINGS = re.compile(
    r"(?:password|passwd|passphrase|passcode|secret|token|credential"
    r"|(?:api|access|private|secret|ssh|db|aes|rsa|gpg)(?:key|pass))s?\Z"
)


def without_url_password(text: str) -> str:
    """*text* with the password of ``scheme://user:password@host`` replaced."""
    if "://" not in text or "@" not in text:
        return text
    return _URL_PASSWORD.sub(rf"\1:{MASK}@", text)


def escaped(text: str) -> str:
    """*text* with everything that is not plainly visible written as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        _escape(character)
        if unicodedata.category(character) in _UNSAFE_CATEGORIES
        else character
        for character in text
    )


def shown(value: object) -> str:
    """
    *value* as it appears in a sentence: quoted if text, escaped and shortened.

    Shortening keeps the beginning and says how long the whole is.
    """
    if isinstance(value, str):
        value = without_url_password(value)
        quote = '"' if "'" in value and '"' not in value else "'"
        text = f"{quote}{escaped(value[:_MAX_SHOWN_CHARACTERS])}{quote}"
        if len(value) > _MAX_SHOWN_CHARACTERS:
            return f"{text}… ({len(value):,} characters)"
        return text
    if isinstance(value, (tuple, list)):
        items = [shown(item) for item in value[:_MAX_SHOWN_ITEMS]]
        if len(value) > _MAX_SHOWN_ITEMS:
            items.append(f"… ({len(value):,} items)")
        return "[" + ", ".join(items) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return escaped(str(value))[:_MAX_SHOWN_CHARACTERS]


def is_secret_name(key: str) -> bool:
    """
    Whether *key* is named like a secret, whatever a schema says of it.

    The words of a key are split at case changes and at every character that is not
    a letter or digit: ``dbPassword``, ``api-token`` and ``ssl.key`` are secrets.
    """
    words = [word.lower() for word in _WORDS.findall(key)]
    return any(
        word in _SECRET_WORDS or _SECRET_ENDINGS.search(word) for word in words
    ) or bool(_SECRET_ENDINGS.search("".join(words)))


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()
