"""
What users register, brought to one shape: services, factories, listeners, plugins.

Whether something can be called as it will be is found out here, when it is registered,
and not when the first configuration comes.
"""

import inspect
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from config_admin.core.binding import Binder
from config_admin.core.call import Call
from config_admin.core.coroutines import Home, is_coroutine_function, on_loop
from config_admin.core.display import escaped
from config_admin.core.errors import UsageError
from config_admin.core.foreign import scrubbed
from config_admin.core.lane import Lane
from config_admin.core.properties import Properties

Model: TypeAlias = Callable[..., object]
_Bind: TypeAlias = Callable[[Properties], object]


@dataclass(frozen=True, slots=True)
class Adapted:
    """
    One service or factory, as it is called.

    Attributes:
        original: Its `updated`, as it was registered.
        updated: Takes the PID, the properties and the keys that changed.
        deleted: Takes the PID of an instance that is gone; None: not a factory.
        check: Takes PID and properties, and raises if they do not work; None: it has
            no opinion before it is called.
        takes_changed: Whether it wants to know the keys that changed.
    """

    original: Callable[..., object]
    updated: Callable[[str, Properties | None, frozenset[str]], object]
    deleted: Callable[[str], object] | None
    check: Callable[[str, Properties], object] | None
    takes_changed: bool = False


def adapted_service(
    service: object, *, takes_pid: bool, into: Model | None, lane: Lane, home: Home
) -> Adapted:
    """
    *service* as it is called.

    Args:
        service: An object with `updated`, or a callable; plain or coroutine function.
        takes_pid: Whether it is called with the PID, too.
        into: What the properties are turned into first; None: nothing.
        lane: Where it is called.
        home: Where coroutines run that were registered outside of a loop.

    Raises:
        UsageError: If it does not take the arguments it will get.
    """
    bind = _bind(into)
    updated = callback(service, "updated", lane, home)
    arguments = ("pid", "properties") if takes_pid else ("properties",)
    original = _method(service, "updated")
    wants_changed = _takes_changed(original, len(arguments))
    named = {"changed": frozenset[str]()} if wants_changed else {}
    _require_takes(original, arguments, service, named)

    def call(
        pid: str, properties: Properties | None, changed: frozenset[str]
    ) -> object:
        given = properties if bind is None or properties is None else bind(properties)
        options = {"changed": changed} if wants_changed else {}
        return (
            updated(pid, given, **options) if takes_pid else updated(given, **options)
        )

    check = _check_of(service, bind, takes_pid=takes_pid)
    return Adapted(original, call, None, check, wants_changed)


def adapted_factory(
    factory: object, *, into: Model | None, lane: Lane, home: Home
) -> Adapted:
    """
    *factory* as it is called; otherwise as `adapted_service`.

    Raises:
        UsageError: If it has no `updated` or no `deleted` that can be called.
    """
    _own_method(factory, "updated")  # a factory is not called itself
    _require_takes(_own_method(factory, "deleted"), ("pid",), factory)
    adapted = adapted_service(factory, takes_pid=True, into=into, lane=lane, home=home)
    return replace(adapted, deleted=callback(factory, "deleted", lane, home))


def callback(
    owner: object, method: str, lane: Lane, home: Home
) -> Callable[..., object]:
    """The *method* of *owner*, or *owner* itself, as a plain function."""
    call = _method(owner, method)
    if is_coroutine_function(call):
        return on_loop(call, lane, home)

    def run(*arguments: object, **options: object) -> None:
        _require_done(call(*arguments, **options))

    return run


def require_plain(owner: object, method: str, arguments: tuple[str, ...]) -> None:
    """
    Nothing, if the *method* of *owner* can be called with *arguments*.

    Raises:
        UsageError: If it cannot, or is a coroutine function.
    """
    call = _own_method(owner, method)
    if is_coroutine_function(call):
        raise UsageError(
            f"'{method}' of {name_of(owner)} is a coroutine function: it has to be a "
            "plain one."
        )
    _require_takes(call, arguments, owner)


def require_listener(listener: object, *, synchronous: bool) -> None:
    """
    Nothing, if *listener* can be told.

    Raises:
        UsageError: If it has no `configuration_event` that can be called with an event,
            or has a coroutine function for it though it is *synchronous*.
    """
    method, arguments = "configuration_event", ("event",)
    if synchronous:
        require_plain(listener, method, arguments)
    else:
        _require_takes(_own_method(listener, method), arguments, listener)


def name_of(service: object) -> str:
    """How faults call *service*."""
    while isinstance(service, partial):
        service = service.func
    name: object = getattr(service, "__qualname__", None)
    owner = service if isinstance(name, str) else type(service)
    name = getattr(owner, "__qualname__", None)
    module: object = getattr(owner, "__module__", None)
    return escaped(f"{module}.{name}" if isinstance(module, str) else str(name))


def _bind(into: Model | None) -> _Bind | None:
    if into is None:
        return None
    binder = Binder(into)
    return lambda properties: binder.bind(properties, scrubbed)


def _check_of(
    service: object,
    bind: _Bind | None,
    *,
    takes_pid: bool,
) -> Callable[[str, Properties], object] | None:
    own: Callable[..., object] | None = None
    if getattr(service, "check", None) is not None:
        arguments = ("pid", "properties") if takes_pid else ("properties",)
        require_plain(service, "check", arguments)
        own = _method(service, "check")
    if own is None and bind is None:
        return None

    def ask(pid: str, properties: Properties) -> None:
        given = properties if bind is None else bind(properties)
        if own is not None:
            _require_consent(own(pid, given) if takes_pid else own(given))

    def check(pid: str, properties: Properties) -> None:
        # Whatever runs meanwhile can know that it is within a check.
        copy_context().run(Call(is_check=True).run, partial(ask, pid, properties))

    return check


def _own_method(owner: object, method: str) -> Callable[..., object]:
    if not hasattr(owner, method):
        raise UsageError(f"{name_of(owner)} has no '{method}'.")
    return _method(owner, method)


def _method(owner: object, method: str) -> Callable[..., object]:
    call = getattr(owner, method, owner)
    if isinstance(owner, type):
        raise UsageError(f"{name_of(owner)} is a class: register an instance of it.")
    if not callable(call):
        raise UsageError(f"{name_of(owner)} has no '{method}' and cannot be called.")
    if inspect.isgeneratorfunction(call) or inspect.isasyncgenfunction(call):
        raise UsageError(
            f"{name_of(owner)} is a generator function: nothing of it would run. "
            "Register one without 'yield'."
        )
    return call


def _require_done(result: object) -> None:
    """Nothing, unless *result* is a coroutine: that would look like a success."""
    if inspect.iscoroutine(result):
        result.close()
        raise UsageError(
            "It gave a coroutine, but is no coroutine function: nobody waits for it. "
            "Register an 'async def' instead."
        )


def _require_consent(result: object) -> None:
    """Nothing, unless *result* of a check seems to say no."""
    _require_done(result)
    if result is False:
        raise UsageError(
            "A check vetoes by raising ConfigurationError(key, reason), and it gave "
            "False."
        )


def _takes_changed(call: Callable[..., object], behind: int) -> bool:
    """Whether *call* has a parameter ``changed`` besides the first ones."""
    signature = _signature(call)
    kind = inspect.Parameter
    return signature is not None and any(
        found.kind is kind.KEYWORD_ONLY
        or (found.kind is kind.POSITIONAL_OR_KEYWORD and place >= behind)
        for place, (name, found) in enumerate(signature.parameters.items())
        if name == "changed"
    )


def _require_takes(
    call: Callable[..., object],
    arguments: tuple[str, ...],
    owner: object,
    options: Mapping[str, object] | None = None,
) -> None:
    signature = _signature(call)
    if signature is None:
        return
    try:
        signature.bind(*arguments, **(options or {}))
    except TypeError as error:
        wanted = ", ".join(arguments)
        raise UsageError(f"{name_of(owner)} has to take ({wanted}): {error}.") from None


def _signature(call: Callable[..., object]) -> inspect.Signature | None:
    """What *call* takes; None: it does not tell, as some builtins and proxies."""
    try:
        return inspect.signature(call)
    except (TypeError, ValueError):
        return None
