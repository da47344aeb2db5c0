"""
A Configuration Admin: files in ``etc/``, services in code, live.

The public names; everything else may change.
"""

from config_admin.core.callbacks import (
    ConfigurationListener,
    ConfigurationPlugin,
    ManagedService,
    ManagedServiceFactory,
)
from config_admin.core.configuration import Configuration, Origin
from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.core.errors import (
    ConfigAdminError,
    ConfigurationError,
    FormatError,
    InputError,
    InvalidConfigurationError,
    InvalidFilterError,
    InvalidPidError,
    NoSuchConfigurationError,
    NoSuchRevisionError,
    NotRunningError,
    ReadOnlyConfigurationError,
    RefusedFileError,
    RevisionConflictError,
    StoreError,
    StoreOutcomeUnknownError,
    UsageError,
)
from config_admin.core.events import (
    CM_DELETED,
    CM_REFUSED,
    CM_UPDATED,
    ConfigurationEvent,
    EventType,
)
from config_admin.core.faults import Fault, FaultKind
from config_admin.core.processed import ProcessedProperties
from config_admin.core.properties import Properties, Value
from config_admin.core.recalling import Difference, Revision
from config_admin.core.receipts import Receipt
from config_admin.core.registration import Registration
from config_admin.core.status import RunningAdmin
from config_admin.core.targets import Target
from config_admin.core.transaction import Transaction
from config_admin.keeping import running_admins
from config_admin.service import ConfigAdmin
from config_admin.settings import Directory, Settings

__all__ = [
    "CM_DELETED",
    "CM_REFUSED",
    "CM_UPDATED",
    "ConfigAdmin",
    "ConfigAdminError",
    "Configuration",
    "ConfigurationError",
    "ConfigurationEvent",
    "ConfigurationListener",
    "ConfigurationPlugin",
    "Diagnostic",
    "Difference",
    "Directory",
    "EventType",
    "Fault",
    "FaultKind",
    "FormatError",
    "InputError",
    "InvalidConfigurationError",
    "InvalidFilterError",
    "InvalidPidError",
    "ManagedService",
    "ManagedServiceFactory",
    "NoSuchConfigurationError",
    "NoSuchRevisionError",
    "NotRunningError",
    "Origin",
    "ProcessedProperties",
    "Properties",
    "ReadOnlyConfigurationError",
    "Receipt",
    "RefusedFileError",
    "Registration",
    "Revision",
    "RevisionConflictError",
    "RunningAdmin",
    "Settings",
    "Severity",
    "StoreError",
    "StoreOutcomeUnknownError",
    "Target",
    "Transaction",
    "UsageError",
    "Value",
    "running_admins",
]
