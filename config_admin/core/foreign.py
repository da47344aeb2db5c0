"""
Foreign code: called here, and what it raises made fit to be shown.

Callbacks, plugins and checks are other people's. Whatever they raise is caught, and its
text comes out escaped, shortened and without secrets.
"""

import traceback
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from json import dumps
from threading import current_thread, main_thread
from typing import Final
from urllib.parse import quote, quote_plus

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import MASK, escaped
from config_admin.core.errors import ConfigurationError, InvalidConfigurationError
from config_admin.core.refusals import reasons_of

Secrets = Callable[[], Iterable[str]]

_MAX_FOREIGN_CHARACTERS: Final = 500
_MAX_COMPLAINTS: Final = 100
_SHORTEST_SECRET: Final = 2
_OURS: Final = __file__.removesuffix("core/foreign.py")


def raised_by(call: Callable[[], object]) -> BaseException | None:
    """What foreign code raised: it runs here and nowhere else."""
    try:
        call()
    except BaseException as error:  # SystemExit too must not end a thread of ours
        if isinstance(error, KeyboardInterrupt) and current_thread() is main_thread():
            raise
        return error
    return None


@dataclass(frozen=True, slots=True)
class Expectation:
    """
    What foreign code should have done instead of raising.

    Attributes:
        expected: That, for people.
        cure: What to do about it, a whole sentence.
        rule: What it broke.
        file: Where the properties came from; None: from no file.
        keys: Those of the properties: no secrets, whatever they look like.
    """

    expected: str
    cure: str
    rule: str
    file: str | None = None
    keys: Container[str] = ()


def complaints(
    error: BaseException, expectation: Expectation, secrets: Iterable[str]
) -> list[Diagnostic]:
    """
    What *error* says, fit to be shown: one for each key that it names.

    Args:
        error: What foreign code raised.
        expectation: What it should have done.
        secrets: The texts that must not be shown.
    """
    known = _forms(secrets)
    found = (
        each for one in _parts_of(error) for each in _told(one, expectation, known)
    )
    return list(islice(found, _MAX_COMPLAINTS))


def _parts_of(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _parts_of(one)
    else:
        yield error


def _told(
    error: BaseException, expectation: Expectation, known: Sequence[str]
) -> Iterator[Diagnostic]:
    if isinstance(error, InvalidConfigurationError) and _is_of_model(error):
        for one in error.violations:
            yield replace(
                one,
                file=expectation.file,
                found=_without(known, one.found),
                expected=_without(known, one.expected),
                cure=_without(known, one.cure),
            )
        return
    is_meant = type(error) is ConfigurationError  # its words are for the operator
    place = "" if isinstance(error, ConfigurationError) else _raised_at(error)
    name = escaped(type(error).__name__)
    for key, reason in _said_by(error):
        text = _without(known, reason)
        is_key = key is None or key in expectation.keys
        yield Diagnostic(
            key=key if is_key else _without(known, str(key)),
            file=expectation.file,
            found=text if is_meant and text else _named(name, text) + place,
            expected=expectation.expected,
            cure=expectation.cure,
            rule=expectation.rule,
        )


def _named(name: str, text: str) -> str:
    return f"{name}: {text}" if text else name


def _is_of_model(error: InvalidConfigurationError) -> bool:
    """Whether the properties could not be made a model, rather than another PID's."""
    return bool(error.violations) and not error.pid


def _said_by(error: BaseException) -> Iterator[tuple[str | None, str]]:
    """Each key that *error* names, with what is wrong."""
    if isinstance(error, ConfigurationError):  # one that a subclass may have left bare
        key: object = getattr(error, "key", None)
        yield (
            key if isinstance(key, str) else None,
            _text_of(getattr(error, "reason", error)),
        )
    elif isinstance(error, ValueError) and _is_of_pydantic(error):
        # Its text would quote the beginning and the end of a secret.
        yield from ((one.about, one.text) for one in reasons_of(error, ()))
    else:
        yield None, _text_of(error)


def _is_of_pydantic(error: Exception) -> bool:
    return type(error).__module__.startswith("pydantic")


def _text_of(said: object) -> str:
    texts: list[str] = []
    error = raised_by(lambda: texts.append(str(said)))  # foreign code too
    return texts[0] if error is None else "(it cannot say what is wrong)"


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """
    *text* of foreign code, fit to be shown: escaped, shortened, without *secrets*.

    A secret is also found as Python, JSON or an address would write it, in any case.
    """
    return _without(_forms(secrets), text)


def _without(forms: Sequence[str], text: str) -> str:
    for form in forms:
        text = _without_one(form, text)
    if len(text) > _MAX_FOREIGN_CHARACTERS:
        text = f"{text[:_MAX_FOREIGN_CHARACTERS]}…"
    return escaped(text)


def _without_one(form: str, text: str) -> str:
    """*text* without *form*, which is folded, in whatever case."""
    folded = text.casefold()
    at = folded.find(form)
    if at < 0:
        return text
    # A folded character may be several: which one of *text* each belongs to.
    owners = [owner for owner, one in enumerate(text) for _ in one.casefold()]
    kept, done = [], 0
    while at >= 0:
        end = at + len(form)
        kept += [text[done : owners[at]], MASK]
        done = owners[end - 1] + 1
        at = folded.find(form, end)
    return "".join([*kept, text[done:]])


def _forms(secrets: Iterable[str]) -> list[str]:
    """The texts to be taken out, folded, those that may hold others first."""
    found = {form for secret in set(secrets) for form in _forms_of(secret)}
    forms = {form.casefold() for form in found}
    return sorted(forms, key=len, reverse=True)


def _forms_of(secret: str) -> Iterator[str]:
    """*secret*, and each of its lines, as it may appear in a text."""
    for text in {secret, *map(str.strip, secret.splitlines())}:
        if len(text) < _SHORTEST_SECRET:
            continue
        yield text
        yield repr(text)[1:-1]
        yield repr(text.encode(errors="replace"))[2:-1]
        yield dumps(text)[1:-1]
        yield dumps(text, ensure_ascii=False)[1:-1]
        yield quote(text, errors="replace")
        yield quote(text, safe="", errors="replace")
        yield quote_plus(text, errors="replace")


def _raised_at(error: BaseException) -> str:
    """Where the last foreign frame is: what it has called of ours is not at fault."""
    places = [
        f"{frame.f_code.co_filename}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not frame.f_code.co_filename.startswith(_OURS)
    ]
    return f" (raised at {escaped(places[-1])})" if places else ""
