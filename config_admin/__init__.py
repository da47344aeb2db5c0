"""
A Configuration Admin: files in ``etc/``, services in code, live.

The public names; everything else may change.
"""

from config_admin.core.configuration import Configuration, Origin
from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.core.errors import (
    ConfigAdminError,
    ConfigurationError,
    FormatError,
    InputError,
    InvalidConfigurationError,
    InvalidPidError,
    NoSuchConfigurationError,
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
from config_admin.core.ports import ConfigurationListener, ManagedService
from config_admin.core.properties import Properties, Value
from config_admin.core.registry import Registration
from config_admin.service import ConfigAdmin
from config_admin.settings import Settings

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
    "Diagnostic",
    "EventType",
    "Fault",
    "FaultKind",
    "FormatError",
    "InputError",
    "InvalidConfigurationError",
    "InvalidPidError",
    "ManagedService",
    "NoSuchConfigurationError",
    "NotRunningError",
    "Origin",
    "Properties",
    "ReadOnlyConfigurationError",
    "RefusedFileError",
    "Registration",
    "RevisionConflictError",
    "Settings",
    "Severity",
    "StoreError",
    "StoreOutcomeUnknownError",
    "UsageError",
    "Value",
]
