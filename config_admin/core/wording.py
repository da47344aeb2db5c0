"""
In the words of the file: values that callers give, as its author would write them.

What callers read is resolved and coerced. When they give it back, what did not change
has to stay as it was written: a placeholder, above all, and never what it stands for.
"""

from collections.abc import Callable, Iterator
from functools import partial

from config_admin.core.configuration import Configuration, Origin
from config_admin.core.entry import Entry, present
from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.ports import Validator
from config_admin.core.properties import Properties, Scalar, Value, typed


def as_written(
    pid: str, given: Properties, before: Entry | None, validator: Validator
) -> Properties:
    """
    *given* in the words of the file.

    A value equal to what a text stands for leaves that text as it is, so that storing
    what was delivered changes nothing. What it got from outside is left out: an
    override, or a secret that a default refers to. A typed value becomes text wherever
    the schema turns that text back into exactly it; only otherwise does its file become
    typed.

    Raises:
        InvalidConfigurationError: If it cannot be stored.
    """
    there = present(before) or _stand_in(pid, validator)
    if there is not None:
        given = given.without(tuple(_from_outside(given, there)))
    return given.with_items(
        {
            key: _value_as_written(pid, key, value, there, validator)
            for key, value in given.items()
        }
    )


def _stand_in(pid: str, validator: Validator) -> Entry | None:
    """What was delivered where there is no configuration; None: nothing was."""
    try:
        checked = validator.without(pid)
    except InvalidConfigurationError:
        return None
    if checked is None:
        return None
    return Entry(Configuration(pid, Properties(), 0, Origin.ENVIRONMENT), checked)


def _from_outside(given: Properties, there: Entry) -> Iterator[str]:
    """The keys that nobody wrote, with a value that is not theirs to write."""
    checked, effective = there.checked, there.checked.effective()
    for key in given:
        if key in there.configuration.properties or key not in effective:
            continue
        value = typed(given[key])
        default = checked.defaults.get(key)
        is_default = default is not None and typed(default) == value
        if typed(effective[key]) == value and (
            not is_default or _shows(given[key], checked.secrets)
        ):
            yield key


def _shows(value: Value, secrets: tuple[str, ...]) -> bool:
    items = value if isinstance(value, tuple) else (value,)
    return any(secret in str(item) for item in items for secret in secrets)


def _value_as_written(
    pid: str, key: str, value: Value, there: Entry | None, validator: Validator
) -> Value:
    if there is not None and key in there.configuration.properties:
        written = there.configuration.properties[key]
        seen = there.checked.properties.get(key, written)
        delivered = there.checked.effective().get(key, seen)
        if typed(value) in (typed(seen), typed(delivered)):
            return written
        if isinstance(written, tuple):
            as_text = partial(validator.as_text, pid, key)
            return _list_as_written(value, written, seen, as_text)
        if not isinstance(written, str):
            return value
    if isinstance(value, str):
        return value
    text = validator.as_text(pid, key, value)
    return value if text is None else text


def _list_as_written(
    value: Value,
    written: tuple[Scalar, ...],
    seen: Value,
    as_text: Callable[[Value], str | None],
) -> Value:
    """*value*, its elements that were there before as they were written."""
    if not (
        isinstance(value, tuple)
        and isinstance(seen, tuple)
        and len(written) == len(seen)
    ):
        return value
    words = list(zip(map(typed, seen), written, strict=True))
    by_value = dict(words)
    kept = [
        dict(words[place : place + 1]).get(typed(now), by_value.get(typed(now), now))
        for place, now in enumerate(value)
    ]
    if len({type(item) for item in kept}) <= 1:
        return tuple(kept)
    # A list holds values of one type, and what was written before is text.
    texts = [item if isinstance(item, str) else as_text((item,)) for item in kept]
    whole = [text for text in texts if text is not None]
    return tuple(whole) if len(whole) == len(kept) else value
