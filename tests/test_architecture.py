"""
The rules that keep the house standing: who may import whom, and how big things get.

Every rule is a function from a source tree to its breaches. It is held by this package,
and shown to fail on a small tree that breaks it.
"""

import ast
import graphlib
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PACKAGE = "config_admin"

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 30

ROOMS = {"formats", "schema", "stores", "fileinstall", "plugins", "messaging"}
WIRING = {
    "service",
    "assembly",
    "extensions",
    "settings",
    "facade",
    "registering",
    "configuring",
    "recalling",
    "forking",
    "keeping",
    "nodes",
    "testing",
}

# Besides itself, what an area may import of this package ("": the public names) ...
ALLOWED = {
    "core": set(),
    **{room: {"core"} for room in ROOMS},
    **{module: {"core"} | ROOMS | WIRING for module in WIRING},
    "cli": {"", "service", "core.display", "messaging"},
    "__main__": {"cli"},
    "__init__": {"core", *WIRING},
}
# ... and of others'.
OUTSIDE = {
    "formats": {"configobj"},
    "schema": {"jsonschema", "referencing"},
    "fileinstall": {"watchdog"},
    "messaging": {"cryptography", "pika", "websockets"},
}
SLOW = {
    "jsonschema",
    "referencing",
    "configobj",
    "watchdog",
    "cryptography",
    "pika",
    "websockets",
}

VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}


class Module:
    """
    One source file.

    Attributes:
        name: With dots, from the package on; a package's own is ``__init__``.
        area: The first part of the name behind the package.
    """

    def __init__(self, root, path):
        self.path = path.relative_to(root)
        self.text = path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)
        self.name = ".".join(self.path.with_suffix("").parts)
        parts = self.path.with_suffix("").parts
        self.area = parts[1] if len(parts) > 1 else parts[0]
        if parts[-1] == "__main__":  # that of a room is a front as well
            self.area = "__main__"

    def imports(self, nodes=None):
        """Every imported name with its line, as far as it can be a module."""
        for node in ast.walk(self.tree) if nodes is None else nodes:
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = "." * node.level + (node.module or "")
                for alias in node.names:
                    yield f"{base}:{alias.name}", node.lineno

    def imports_when_loaded(self):
        """The same, of what runs when the module is loaded."""
        return self.imports(_run_when_loaded(self.tree))


def _run_when_loaded(node):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _run_when_loaded(child)


def modules_of(root, folder=PACKAGE):
    return [Module(root, path) for path in sorted((root / folder).rglob("*.py"))]


def target_of(name, names):
    """The module that an import means: a submodule if there is one of that name."""
    module, _, member = name.partition(":")
    for candidate in (f"{module}.{member}", module):
        if candidate in names:
            return candidate
        if f"{candidate}.__init__" in names:
            return f"{candidate}.__init__"
    return module


# The rules


def broken_layers(root):
    modules = modules_of(root)
    names = {module.name for module in modules}
    for module in modules:
        for name, line in module.imports():
            breach = _breach(module, target_of(name, names))
            if breach:
                yield f"{module.path}:{line}: {module.area} {breach}"


def _breach(module, target):
    if target.startswith("."):
        return f"imports {target} by a relative name"
    parts = target.removesuffix(".__init__").split(".")
    if parts[0] != PACKAGE:
        is_known = parts[0] in sys.stdlib_module_names
        return _unless(is_known or parts[0] in OUTSIDE.get(module.area, ()), target)
    allowed = ALLOWED.get(module.area)
    if allowed is None:
        return "is an area without a layer"
    area, whole = "".join(parts[1:2]), ".".join(parts[1:])
    return _unless({area, whole} & {*allowed, module.area}, target)


def _unless(allowed, target):
    return None if allowed else f"imports {target}"


def import_cycles(root):
    modules = modules_of(root)
    names = {module.name for module in modules}
    graph = {
        module.name: {
            target_of(name, names) for name, _ in module.imports_when_loaded()
        }
        & names
        for module in modules
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        yield " imports ".join(reversed(error.args[1]))


def long_files(root):
    for folder in (PACKAGE, "examples"):  # a table of cases may be longer
        for module in modules_of(root, folder):
            count = len(module.text.splitlines())
            if count > MAX_FILE_LINES:
                yield f"{module.path}: {count} lines"


def long_functions(root):
    for folder in (PACKAGE, "examples"):
        for module in modules_of(root, folder):
            code = _lines_with_code(module.text)
            for node in ast.walk(module.tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    lines = range(node.lineno, node.end_lineno + 1)
                    count = len(code.intersection(lines) - _docstring_lines(node))
                    if count > MAX_FUNCTION_LINES:
                        place = f"{module.path}:{node.lineno}"
                        yield f"{place}: {node.name} has {count} lines of code"


def _lines_with_code(text):
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT and token.string.strip():
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines


def _docstring_lines(function):
    if ast.get_docstring(function) is None:
        return set()
    docstring = function.body[0]
    return set(range(docstring.lineno, docstring.end_lineno + 1))


def vague_names(root):
    for module in modules_of(root):
        if VAGUE.intersection(module.path.with_suffix("").parts):
            yield str(module.path)


# A waiver names the rule that it waives, and says why.
GOOD_NOQA = re.compile(r"# noqa: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)* - \S")
GOOD_IGNORE = re.compile(r"# type: ignore\[[a-z, -]+\]  # \S")
WAIVER = re.compile(r"#\s*(?:noqa|type:\s*ignore)\b", re.IGNORECASE)


def waivers_without_reason(root):
    for folder in (PACKAGE, "tests", "examples"):
        for module in modules_of(root, folder):
            readline = io.StringIO(module.text).readline
            for token in tokenize.generate_tokens(readline):
                if token.type == tokenize.COMMENT and not _has_reason(token.string):
                    yield f"{module.path}:{token.start[0]}: {token.string}"


def _has_reason(comment):
    is_good = GOOD_NOQA.match(comment) or GOOD_IGNORE.match(comment)
    return bool(is_good) or WAIVER.match(comment) is None


CLASS = "class A:\n    from config_admin.core import a"
LAZY = "def f():\n    import config_admin.core.b\n"
TYPED = "if TYPE_CHECKING:\n    from config_admin.core.b import B\n"
FULL = "def f():\n" + "    x = 1\n" * 29
DOCUMENTED = (
    'def f():\n    """\n' + "    Text.\n" * 40 + '    """\n    # Why.\n\n    pass\n'
)

# A file and its text, or several of them.
BROKEN = {
    broken_layers: [
        ("core/a.py", "import configobj"),
        ("core/a.py", "from config_admin.schema import b"),
        ("core/a.py", "def f():\n    from config_admin import Properties"),
        ("core/a.py", "if TYPE_CHECKING:\n    import watchdog"),
        ("core/a.py", "from . import b"),
        ("formats/a.py", "import config_admin.schema.catalog"),
        ("formats/a.py", "import jsonschema"),
        ("fileinstall/a.py", "from config_admin.service import ConfigAdmin"),
        ("fileinstall/a.py", "from config_admin import extensions"),
        ("stores/a.py", "import config_admin"),
        ("stores/a.py", "from config_admin.cli.main import main"),
        ("service.py", "from config_admin.cli.main import main"),
        ("service.py", "from watchdog.observers import Observer"),
        ("cli/a.py", "from config_admin.fileinstall import directory"),
        ("cli/a.py", "from config_admin.core.admin import anything"),
        ("attic/a.py", "from config_admin.core.pid import require_pid"),
    ],
    import_cycles: [
        ("core/a.py", "import config_admin.core.b", "core/b.py", CLASS),
    ],
    long_files: [("core/a.py", "\n" * 301)],
    long_functions: [
        ("core/a.py", FULL + "    x = 1\n"),
        ("core/a.py", f"class A:\n  async {FULL}    x = 1\n"),
    ],
    vague_names: [("core/utils.py", ""), ("helpers/a.py", "")],
    waivers_without_reason: [
        ("core/a.py", "x = 1  # noqa"),
        ("core/a.py", "x = 1  # noqa: E501"),
        ("core/a.py", "x = 1  # noqa: E501 -"),
        ("core/a.py", "x = 1  # type: ignore"),
        ("core/a.py", "x = 1  # type: ignore[misc]"),
    ],
}
KEPT = {
    broken_layers: [
        ("core/a.py", "import json, threading\nimport config_admin.core.b"),
        ("formats/a.py", "from configobj import ConfigObj"),
        ("schema/a.py", "from config_admin.core.pid import require_pid"),
        ("service.py", "from config_admin import extensions"),
        ("cli/a.py", "from config_admin import ConfigAdmin"),
        ("cli/a.py", "from config_admin.core.display import escaped"),
    ],
    import_cycles: [
        ("core/a.py", LAZY, "core/b.py", "import config_admin.core.a"),
        ("core/a.py", TYPED, "core/b.py", "import config_admin.core.a"),
    ],
    long_files: [("core/a.py", "\n" * 300)],
    long_functions: [("core/a.py", FULL), ("core/a.py", DOCUMENTED)],
    waivers_without_reason: [
        ("core/a.py", "x = 1  # noqa: E501 - an address"),
        ("core/a.py", "x = 1  # type: ignore[misc]  # a bug"),
        ("core/a.py", "x = '# noqa'"),
    ],
}


def each(table):
    return [(rule, case) for rule, cases in table.items() for case in cases]


@pytest.fixture
def tree(tmp_path):
    """A project with these files in its package."""

    def make(case):
        files = dict(zip(case[::2], case[1::2], strict=True))
        for folder in (PACKAGE, "tests", "examples"):
            (tmp_path / folder).mkdir()
        for name in ("__init__.py", "extensions.py", *files):
            path = tmp_path / PACKAGE / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(files.get(name, ""), encoding="utf-8")
        return tmp_path

    return make


@pytest.mark.parametrize("rule", BROKEN)
def test_this_project_keeps(rule):
    assert list(rule(PROJECT)) == []


@pytest.mark.parametrize(("rule", "case"), each(BROKEN))
def test_a_breach_is_found(tree, rule, case):
    assert len(list(rule(tree(case)))) == 1


@pytest.mark.parametrize(("rule", "case"), each(KEPT))
def test_what_is_allowed_is_no_breach(tree, rule, case):
    assert list(rule(tree(case))) == []


@pytest.mark.parametrize("module", [PACKAGE, "config_admin.cli.main"])
def test_importing_stays_fast(module):
    """What takes long to import is imported where it is first needed."""
    script = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert SLOW.isdisjoint(done.stdout.split())
