"""
References: resolved among the schema files of one directory, never over the network.

A `$ref` names a file of the directory, or the `$id` of one.

Source: JSON Schema 2020-12 core, sections 8.2.1 (identifiers) and 8.2.3 (references).
"""

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urljoin

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.exceptions import NoSuchResource, Unresolvable
from referencing.jsonschema import DRAFT202012, Schema, SchemaRegistry, SchemaResource

from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.core.display import escaped, shown
from config_admin.schema.cautions import cautions
from config_admin.schema.documents import BrokenSchemaError, Document
from config_admin.schema.formats import OF_SCHEMAS
from config_admin.schema.sources import SUFFIX, Sources, signature_of

if TYPE_CHECKING:
    from referencing._core import Resolver

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_METASCHEMA: Final = Draft202012Validator(
    Draft202012Validator.META_SCHEMA,
    format_checker=OF_SCHEMAS,
)
_REFERENCES: Final = ("$ref", "$dynamicRef")
# A pointer that goes on behind a number, or into a list by a name, is not
# `Unresolvable` to the library: it raises what Python does.
_LEADS_NOWHERE: Final = (Unresolvable, TypeError, ValueError)
_MAX_MESSAGE_CHARACTERS: Final = 200


def require_valid(document: Document) -> None:
    """
    Nothing, if *document* is a JSON Schema of the 2020-12 dialect.

    Raises:
        BrokenSchemaError: With every fault.
    """
    dialect = document.contents.get("$schema", _DIALECT)
    if dialect not in (_DIALECT, f"{_DIALECT}#"):
        fault = document.fault(["$schema"], shown(dialect), _DIALECT, "Write that.")
        raise BrokenSchemaError([fault])
    faults = [
        document.fault(
            list(error.absolute_path),
            escaped(error.message)[:_MAX_MESSAGE_CHARACTERS],
            "a JSON Schema (2020-12)",
            "Mend it there.",
        )
        for error in _METASCHEMA.iter_errors(document.contents)
    ]
    if faults:
        raise BrokenSchemaError(faults)


@dataclass(frozen=True, slots=True)
class Library:
    """
    A schema and everything that it refers to, at any remove.

    Attributes:
        registry: What it refers to, by URI.
        texts: Those of all their files, its own included.
        warnings: What deserves a look in them.
    """

    registry: SchemaRegistry
    texts: tuple[str, ...]
    warnings: tuple[Diagnostic, ...]


def library_of(root: Document, directory: str, sources: Sources) -> Library:
    """
    What *root* needs, each reference tried.

    Raises:
        BrokenSchemaError: If something is missing, remote, or no schema itself.
    """
    walk = _Walk(root, directory, sources)
    walk.follow()
    return walk.library()


class _Walk:
    """The documents of one directory, as the references of *root* see them."""

    def __init__(self, root: Document, directory: str, sources: Sources) -> None:
        self._root = DRAFT202012.create_resource(root.contents)
        self._documents = {"": root}
        self._resources: dict[str, SchemaResource] = {}
        self._base = urljoin(self._root.id() or "", ".")
        self._directory = directory
        self._sources = sources
        self._faults: list[Diagnostic] = []
        self._warnings: list[Diagnostic] = []

    def library(self) -> Library:
        plain: SchemaRegistry = Registry()
        registry = plain.with_resources(self._resources.items()).crawl()
        texts = [self._documents[uri].text for uri in sorted(self._documents)]
        return Library(registry, tuple(texts), tuple(dict.fromkeys(self._warnings)))

    def follow(self) -> None:
        """Follow every reference, so that none is left to fail at a check."""
        retrieving: SchemaRegistry = Registry(
            retrieve=self._retrieve  # type: ignore[call-arg]  # attrs hides it
        )
        start = retrieving.resolver_with_root(self._root)
        left: list[tuple[SchemaResource, Resolver[Schema]]] = [(self._root, start)]
        seen: set[int] = set()
        while left:
            resource, resolver = left.pop()
            if id(resource.contents) in seen:
                continue
            seen.add(id(resource.contents))
            _name_what_is_false(resource.contents)
            self._warn(resource.contents)
            left += self._targets(resource.contents, resolver)
            left += [
                (inner, resolver.in_subresource(inner))
                for inner in resource.subresources()
            ]
        if self._faults:
            raise BrokenSchemaError(list(dict.fromkeys(self._faults)))

    def _targets(
        self, schema: Schema, resolver: "Resolver[Schema]"
    ) -> list[tuple[SchemaResource, "Resolver[Schema]"]]:
        if isinstance(schema, bool):
            return []
        targets: list[tuple[SchemaResource, Resolver[Schema]]] = []
        for reference in (schema[name] for name in _REFERENCES if name in schema):
            try:
                found = resolver.lookup(reference)
            except _LEADS_NOWHERE:
                self._faults.append(self._unresolved(reference))
                continue
            if isinstance(found.contents, (dict, bool)):
                resource = DRAFT202012.create_resource(found.contents)
                targets.append((resource, found.resolver))
            else:
                self._faults.append(self._unresolved(reference))
        return targets

    def _retrieve(self, uri: str) -> SchemaResource:
        if uri not in self._resources:
            document = self._find(uri)
            if document is None:
                raise NoSuchResource(uri)
            self._documents[uri] = document
            self._resources[uri] = DRAFT202012.create_resource(document.contents)
        return self._resources[uri]

    def _find(self, uri: str) -> Document | None:
        """The file that *uri* names, else the one whose `$id` it is."""
        name = unquote(uri.removeprefix(self._base))
        is_file_name = name.endswith(SUFFIX) and "/" not in name
        if is_file_name and signature_of(self._path(name)) is not None:
            return self._read(name)
        for other in self._sources.names(self._directory):
            try:
                document = self._sources.document(self._path(other))
            except BrokenSchemaError:
                continue  # it is reported when its own PID is looked at
            if document.contents.get("$id") == uri:
                return self._read(other)
        return None

    def _read(self, name: str) -> Document | None:
        try:
            document = self._sources.document(self._path(name))
            require_valid(document)
        except BrokenSchemaError as error:
            self._faults += error.diagnostics
            return None
        return document

    def _path(self, name: str) -> str:
        return f"{self._directory}/{name}"

    def _unresolved(self, reference: str) -> Diagnostic:
        return self._fault(
            r"\$(?:dynamicR|r)ef",
            reference,
            f"a reference to {shown(reference)}, which is not there",
            f"the name or $id of a schema file in {escaped(self._directory)}",
            "Put the schema there; nothing is fetched over the network.",
        )

    def _warn(self, schema: Schema) -> None:
        for each in cautions(schema) if isinstance(schema, dict) else ():
            fault = self._fault(
                each.keyword, each.value, each.found, each.expected, each.cure
            )
            self._warnings.append(replace(fault, severity=Severity.WARNING))

    def _fault(
        self, keyword: str, value: str, found: str, expected: str, cure: str
    ) -> Diagnostic:
        """A fault at the first place where *keyword*, a pattern, has that value."""
        written = re.compile(rf'"{keyword}"\s*:\s*"((?:[^"\\]|\\.)*)"')
        for document in self._documents.values():
            for at in written.finditer(document.text):
                if json.loads(f'"{at[1]}"') == value:
                    return document.fault(at.start(), found, expected, cure)
        return self._documents[""].fault([], found, expected, cure)


def _name_what_is_false(schema: Schema) -> None:
    """
    Write each property that is `false` as `{"not": {}}`, which means the same.

    Of a bare `false`, jsonschema does not tell which property it forbade.
    """
    properties = schema.get("properties", {}) if isinstance(schema, dict) else {}
    for name in [name for name, inner in properties.items() if inner is False]:
        properties[name] = {"not": {}}
