"""Every setting of the product, with its unit in its name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    What a `ConfigAdmin` is made from.

    Attributes:
        etc: The directory of the configuration files.
        schemas: The directory of the JSON Schemas, ``<pid>.schema.json``; None: nothing
            is validated.
        encoding: Of every file in *etc*: ``utf-8`` or ``iso-8859-1``.
        secrets: The directory of ``$[secret:name]``, one file for each name.
        files: The directory of ``$[file:path]``.
        variables: What ``${name}`` stands for where the configuration does not say.
        write_back: Whether changes made in code are written to the files; if not,
            nothing in *etc* is ever touched.
        start_timeout_s: `start` returns after this at the latest, even if a callback
            has not returned from its first call.
        delete_grace_s: A file is gone only if it still is after this.
        settle_s: A file that lost most of its keys is read again after this.
        max_callback_threads: So many callbacks can block at the same time.
    """

    etc: Path = Path("etc")
    schemas: Path | None = None
    encoding: str = "utf-8"
    secrets: Path | None = None
    files: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    write_back: bool = True
    start_timeout_s: float = 10.0
    delete_grace_s: float = 0.25
    settle_s: float = 1.0
    max_callback_threads: int = 512
