"""
A user's program: every public call, with types.

A type checker reads it, and nobody runs it. A line that ends in "# wrong" is a mistake,
and the type checker has to find it there, and nowhere else.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import config_admin
from config_admin import (
    CM_DELETED,
    CM_REFUSED,
    CM_UPDATED,
    ConfigAdmin,
    ConfigAdminError,
    Configuration,
    ConfigurationError,
    ConfigurationEvent,
    ConfigurationListener,
    ConfigurationPlugin,
    Diagnostic,
    Difference,
    Directory,
    EventType,
    Fault,
    FaultKind,
    FormatError,
    InputError,
    InvalidConfigurationError,
    InvalidFilterError,
    InvalidPidError,
    ManagedService,
    ManagedServiceFactory,
    NoSuchConfigurationError,
    NoSuchRevisionError,
    NotRunningError,
    Origin,
    ProcessedProperties,
    Properties,
    ReadOnlyConfigurationError,
    Receipt,
    RefusedFileError,
    Registration,
    Revision,
    RevisionConflictError,
    RunningAdmin,
    Settings,
    Severity,
    StoreError,
    StoreOutcomeUnknownError,
    Target,
    Transaction,
    UsageError,
    Value,
    running_admins,
    testing,
)

log = logging.getLogger(__name__)


@dataclass
class Model:
    host: str
    port: int = 80


@dataclass
class Other:
    name: str


# Services


class Client:
    """Follows one PID."""

    def check(self, properties: Properties) -> None:
        if properties["port"] == 0:
            raise ConfigurationError("port", "is taken")

    def updated(self, properties: Properties | None) -> None:
        if properties is not None:
            host: Value = properties["host"]
            log.info("%s %s", host, properties.masked())


class Careful:
    """Wants to know what changed."""

    def updated(
        self, properties: Properties | None, changed: frozenset[str]
    ) -> None: ...


class CarefulByName:
    def updated(
        self, properties: Properties | None, *, changed: frozenset[str]
    ) -> None: ...


class Router:
    """Follows several PIDs."""

    def updated(self, pid: str, properties: Properties | None) -> None: ...


class CarefulRouter:
    def updated(
        self, pid: str, properties: Properties | None, changed: frozenset[str]
    ) -> None: ...


class Asynchronous:
    async def updated(self, properties: Properties | None) -> None: ...


class Modelled:
    def check(self, model: Model) -> None: ...

    def updated(self, model: Model | None) -> None: ...


class CarefulModelled:
    def updated(self, model: Model | None, changed: frozenset[str]) -> None: ...


class ModelledRouter:
    def updated(self, pid: str, model: Model | None) -> None: ...


class Pool:
    """A factory."""

    def check(self, pid: str, properties: Properties) -> None: ...

    def updated(self, pid: str, properties: Properties) -> None: ...

    def deleted(self, pid: str) -> None: ...


class CarefulPool:
    def updated(
        self, pid: str, properties: Properties, changed: frozenset[str]
    ) -> None: ...

    def deleted(self, pid: str) -> None: ...


class AsynchronousPool:
    async def updated(self, pid: str, properties: Properties) -> None: ...

    async def deleted(self, pid: str) -> None: ...


class ModelledPool:
    def updated(self, pid: str, model: Model) -> None: ...

    def deleted(self, pid: str) -> None: ...


class Auditor:
    def configuration_event(self, event: ConfigurationEvent) -> None:
        kinds: tuple[EventType, ...] = (CM_UPDATED, CM_DELETED, CM_REFUSED)
        origin: Origin = event.origin
        violations: tuple[Diagnostic, ...] = event.violations
        log.info("%s %s %s", event.type in kinds, event.pid, event.factory_pid)
        log.info("%s %s %s", event.revision, origin, violations)


class AsynchronousAuditor:
    async def configuration_event(self, event: ConfigurationEvent) -> None: ...


class Decrypt:
    def modify_configuration(
        self, pid: str, properties: Properties
    ) -> Mapping[str, object] | None:
        return {**properties, "seen": pid}


class Look:
    def modify_configuration(self, pid: str, properties: Properties) -> None: ...


def follow(properties: Properties | None) -> None: ...


def follow_carefully(
    properties: Properties | None, changed: frozenset[str]
) -> None: ...


def route(pid: str, properties: Properties | None) -> None: ...


def take(model: Model | None) -> None: ...


def take_carefully(model: Model | None, *, changed: frozenset[str]) -> None: ...


def route_models(pid: str, model: Model | None) -> None: ...


async def follow_later(properties: Properties | None) -> None: ...


def parse(properties: Mapping[str, object]) -> Model:
    return Model(str(properties["host"]))


def register(admin: ConfigAdmin) -> list[Registration]:
    target = Target("app", "1.2", "here")

    @admin.managed_service("decorated")
    def updated(properties: Properties | None) -> None: ...

    @admin.managed_service("a", "b", target=target, ranking=5)
    def routed(pid: str, properties: Properties | None) -> None: ...

    @admin.managed_service("modelled", into=Model)
    async def modelled(model: Model | None) -> None: ...

    several: Iterable[str] = ["a", "b"]
    return [
        updated,
        routed,
        modelled,
        admin.add_managed_service("p", Client()),
        admin.add_managed_service("p", Careful(), target="app|1.2", ranking=1),
        admin.add_managed_service("p", CarefulByName(), target=("app",)),
        admin.add_managed_service("p", Asynchronous()),
        admin.add_managed_service("p", follow),
        admin.add_managed_service("p", follow_carefully),
        admin.add_managed_service("p", follow_later),
        admin.add_managed_service("p", lambda properties: log.info("%s", properties)),
        admin.add_managed_service("p", Modelled(), into=Model),
        admin.add_managed_service("p", CarefulModelled(), into=Model),
        admin.add_managed_service("p", take, into=Model),
        admin.add_managed_service("p", take, into=parse),
        admin.add_managed_service("p", take_carefully, into=Model),
        admin.add_managed_service(["p"], follow),
        admin.add_managed_service(several, Router()),
        admin.add_managed_service(several, CarefulRouter()),
        admin.add_managed_service(("a", "b"), route),
        admin.add_managed_service(("a", "b"), ModelledRouter(), into=Model),
        admin.add_managed_service(("a", "b"), route_models, into=Model),
        admin.add_managed_service_factory("f", Pool()),
        admin.add_managed_service_factory("f", CarefulPool(), target=target),
        admin.add_managed_service_factory("f", AsynchronousPool(), ranking=7),
        admin.add_managed_service_factory("f", ModelledPool(), into=Model),
        admin.add_listener(Auditor()),
        admin.add_listener(AsynchronousAuditor()),
        admin.add_listener(Auditor(), synchronous=True),
        admin.add_plugin(Decrypt(), ranking=5, targets=["a", "f"], name="decrypt"),
        admin.add_plugin(Look(), ranking=-1),
    ]


def tell(admin: ConfigAdmin) -> None:
    registration = admin.add_managed_service("p", follow)
    registration.report(ConfigurationError("port", "the connection was lost"))
    registration.report(None, pid="p")


def end(registrations: Iterable[Registration]) -> None:
    for one in registrations:
        if one.wait(1.0) and not one.is_closed:
            one.close(timeout_s=1.0)


# Configurations


def change(admin: ConfigAdmin) -> Configuration:
    one: Configuration = admin.update(
        "p",
        {"host": "h", "ports": [1, 2], "on": True, "ratio": 0.5},
        revision=0,
        reason="first",
        force=True,
    )
    admin.update("p", {**one.properties, "host": "i"}, revision=one.revision)
    admin.update("p", one.properties)
    admin.delete("p", revision=2, reason="last")
    admin.create_factory_configuration("f", {"x": 1}, name="one")
    transaction: Transaction
    with admin.transaction() as transaction:
        transaction.update("a", {"x": 1}, revision=1, reason="both", force=False)
        transaction.delete("b", revision=3, reason="both")
    done: tuple[Configuration, ...] = transaction.configurations
    return done[0]


def read(admin: ConfigAdmin) -> tuple[Configuration, ...]:
    one = admin.get("p")
    other: Configuration | None = admin.find("q")
    names: tuple[str, str | None, str | None] = (one.pid, one.factory_pid, one.name)
    numbers: tuple[int, bool, str | None] = (one.revision, one.deleted, one.reason)
    shown: ProcessedProperties = admin.processed_properties("p")
    secret: Properties = admin.processed_properties("p", show_secrets=True)
    log.info("%s %s %s %s %s", other, names, numbers, shown, secret == shown)
    return (
        *admin.list_configurations(),
        *admin.list_configurations("(&(service.factoryPid=f)(x>=1))"),
        *admin.list_configurations(filter=None),
    )


def remember(admin: ConfigAdmin) -> Configuration:
    revisions: tuple[Revision, ...] = admin.history("p", limit=10)
    for one in revisions:
        when: datetime | None = one.configuration.changed_at
        difference: Difference | None = one.difference
        log.info("%s %s %s", one, when, difference)
        if difference:
            log.info("%s %s", difference.added, difference.removed)
            log.info("%s %s", difference.before, difference.after)
    log.info("%s", admin.diff("p", 1, 2))
    then: tuple[Configuration, ...] = admin.configurations_at(datetime.now(UTC))
    log.info("%s %d", then, admin.purge_history("p") + admin.purge_history())
    try:
        return admin.rollback("p", 1, reason="it was better")
    except NoSuchRevisionError as error:
        log.info("%s %s", error.pid, error.reason)
        raise


def elsewhere() -> None:
    running: tuple[RunningAdmin, ...] = running_admins("var/config_admin.db")
    for one in (*running, *running_admins(etc="etc")):
        log.info("%s %s %s", one.process, one.started_at, one.told_at)
        log.info("%s %s %s", one.directories, one.receipts, one.faults)


def look(admin: ConfigAdmin) -> None:
    receipts: tuple[Receipt, ...] = admin.services()
    for one in (*receipts, *admin.wait_applied("p", timeout_s=1.0)):
        log.info("%s %s %s %s", one.service, one.pid, one.applied, one.reason)
        log.info("%s %s %s", one.busy_with, one.busy_since, one.refused)
        log.info("%s", one.held)
    faults: tuple[Fault, ...] = admin.faults()
    for fault in faults:
        if fault.severity is Severity.ERROR and fault.kind is not FaultKind.FILE:
            log.error("%s %s %s", fault, fault.place, fault.message)


def live() -> None:
    settings = Settings(etc=Path("etc"), check_timeout_s=1.0)
    with ConfigAdmin(
        "etc", schemas="schemas", settings=settings, required_plugins=["decrypt"]
    ) as admin:
        end(register(admin))
        if admin.flush(1.0):
            admin.wait(timeout_s=1.0)
    more = Directory("more", formats=(".cfg",), write_back=False, ranking=1)
    other = ConfigAdmin(["etc", more], settings=settings, polling_s=1.0, store=None)
    ConfigAdmin("etc", store=Path("var/config.db"), history_limit=None)
    ConfigAdmin("etc", store="x.db", store_synchronous="NORMAL", history_days=30.0)
    other.start()
    other.stop()


async def live_on_a_loop() -> None:
    async with ConfigAdmin(Path("etc")) as admin:
        admin.add_managed_service("p", follow_later)


def try_it(admin: ConfigAdmin) -> str | None:  # noqa: PLR0911 - one for each error
    try:
        change(admin)
    except InvalidConfigurationError as error:
        return f"{error.pid} {error.violations[0].key}"
    except RevisionConflictError as error:
        return f"{error.expected} {error.actual}"
    except (ReadOnlyConfigurationError, RefusedFileError, InvalidPidError) as error:
        return error.pid
    except InvalidFilterError as error:
        return f"{error.position} {error.reason}"
    except NoSuchConfigurationError as error:
        return " ".join(error.similar)
    except FormatError as error:
        return str(error.diagnostics)
    except (NotRunningError, StoreOutcomeUnknownError) as error:
        return str(error)
    except (InputError, UsageError, StoreError, ConfigAdminError):
        log.exception("%s", config_admin.__name__)
    return None


def as_protocols() -> tuple[object, ...]:
    service: ManagedService = Client()
    factory: ManagedServiceFactory = Pool()
    listener: ConfigurationListener = Auditor()
    plugin: ConfigurationPlugin = Decrypt()
    return service, factory, listener, plugin


# In tests


def test_it() -> None:
    service, factory = testing.RecordingService(), testing.RecordingFactory()
    listener = testing.RecordingListener()
    admin: testing.MemoryAdmin
    with testing.admin(
        {"p": {"host": "${name}"}},
        schemas="schemas",
        variables={"name": "h"},
        environment={},
        secrets={"db": "x"},
        files={},
        required_plugins=["decrypt"],
    ) as admin:
        admin.add_managed_service("p", service)
        admin.add_managed_service(("a", "b"), factory)
        admin.add_managed_service_factory("f", factory)
        admin.add_listener(listener)
        service.error = factory.error = ValueError("no")
        admin.recheck()
        admin.flush()
        last: Properties | None = service.last
        log.info("%s %s %s", last, service.calls, service.changed)
        log.info("%s %s", factory.calls, factory.instances["f~1"])
        log.info("%s", [event.pid for event in listener.events])


# Mistakes


class NoFactory:
    def updated(self, pid: str, properties: Properties) -> None: ...


class AsynchronousPlugin:
    async def modify_configuration(self, pid: str, properties: Properties) -> None: ...


def take_other(model: Other | None) -> None: ...


def take_none_badly(properties: Properties) -> None: ...


def follow_with_another_name(
    properties: Properties | None, keys: frozenset[str]
) -> None: ...


def mistakes(admin: ConfigAdmin) -> None:
    admin.add_managed_service("p", take_other, into=Model)  # wrong
    admin.add_managed_service("p", Modelled(), into=Other)  # wrong
    admin.add_managed_service("p", take)  # wrong
    admin.add_managed_service("p", take_none_badly)  # wrong
    admin.add_managed_service("p", follow_with_another_name)  # wrong
    admin.add_managed_service("p", None)  # wrong
    admin.add_managed_service(5, follow)  # wrong
    admin.add_managed_service_factory("f", NoFactory())  # wrong
    admin.add_managed_service_factory("f", ModelledPool())  # wrong
    admin.add_managed_service_factory("f", Pool(), into=Model)  # wrong
    admin.add_listener(print)  # wrong
    admin.add_plugin(AsynchronousPlugin())  # wrong
    admin.add_plugin(Decrypt(), ranking="high")  # wrong
    admin.update("p")  # wrong
    admin.update("p", None)  # wrong
    admin.update("p", {}, revision="1")  # wrong
    admin.update("p", {}, Origin.API)  # wrong
    admin.get("p").properties["host"] = "x"  # wrong
    admin.get("p").revision = 2  # wrong
    log.info("%s", admin.find("p").properties)  # wrong
    admin.flush(timeout="1")  # wrong
    ConfigAdmin("etc", store_synchronous="OFF")  # wrong
    admin.rollback("p", "1")  # wrong
    admin.configurations_at("2026-01-01")  # wrong
    ConfigAdmin("etc", no_such_setting=1)  # wrong
    ConfigAdmin("etc", settle_s="1")  # wrong
    ConfigAdmin("etc", "schemas")  # wrong
    ConfigAdmin(Settings())  # wrong
    Settings(required_plugins=5)  # wrong
    testing.admin("etc")  # wrong
    admin.list_configurations(5)  # wrong
    admin.create_factory_configuration("f", {}, name=5)  # wrong
    admin.update("p", {}, reason=5)  # wrong
    admin.add_plugin(Decrypt(), targets=5)  # wrong
    Settings(etc=5)  # wrong
