"""The shape of the house: floors, purity, size and names, read off the syntax tree, and the catalog's own manners."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ssolab
from ssolab.core.catalog import Entry, entries_of, modules_below

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parents[1]
BUDGET = 300
LONGER_WITH_REASON: dict[str, str] = {}  # module -> why it may pass 300 lines
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc"}

# An import goes to a lower number, or to an equal one as long as no circle comes of it. The longest prefix decides.
FLOORS = {
    "ssolab": 0,
    "ssolab.core": 0,
    "ssolab.saml": 10,
    "ssolab.oidc": 10,
    "ssolab.salesforce": 10,
    "ssolab.documents": 20,
    "ssolab.trust": 20,
    "ssolab.cutover.habits": 21,
    "ssolab.cutover.model": 21,
    "ssolab.cutover.openid_parties": 21,
    "ssolab.cutover.profiles": 21,
    "ssolab.cutover.rotation": 21,
    "ssolab.cutover.scene": 21,
    "ssolab.cutover": 22,
    "ssolab.lint": 22,
    "ssolab.faults": 22,
    "ssolab.usecases": 22,
    "ssolab.contract": 23,
    "ssolab.files": 30,
    "ssolab.fetching": 30,
    "ssolab.sources": 30,
    "ssolab.render": 30,
    "ssolab.lanes": 30,
    "ssolab.telling": 30,
    "ssolab.web": 31,
    "ssolab.cli": 32,
    "ssolab.pytest_plugin": 32,
    "ssolab.testing": 32,
    "ssolab.__main__": 33,
}
STRANGERS = ("ssolab.saml", "ssolab.oidc", "ssolab.salesforce")  # never import one another
EDGES = 30  # from here on the world may be touched

# What reads disk, network, clock or environment, or rolls dice: `module` bars all of it, `module.name` one name.
WORLDLY_IMPORTS = {
    "asyncio", "ftplib", "getpass", "glob", "http.client", "http.server", "importlib.resources", "multiprocessing",
    "os", "pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath", "pkgutil.get_data", "random", "requests",
    "secrets", "select", "shutil", "signal", "smtplib", "socket", "socketserver", "subprocess", "sys.argv",
    "sys.stderr", "sys.stdin", "sys.stdout", "tempfile", "time", "urllib.request", "urllib3", "uuid",
}  # fmt: skip
WORLDLY_CALLS = {"open", "print", "input", "breakpoint", "eval", "exec", "__import__"}
WORLDLY_METHODS = {
    "now", "utcnow", "today", "read_bytes", "read_text", "write_bytes", "write_text", "random_serial_number",
    "generate_private_key", "generate_key", "urandom",
}  # fmt: skip
MAY = {
    "ssolab.core.keys": {"generate_private_key"},
    "ssolab.core.xmlenc": {"os", "secrets", "urandom", "generate_key"},
}


@dataclass(frozen=True)
class Module:
    """One module of the package: its dotted name, its text and its syntax tree."""

    name: str
    text: str
    is_package: bool = False

    @property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text, self.name)

    @property
    def floor(self) -> int:
        """How high it stands."""
        return floor_of(self.name)


def floor_of(name: str) -> int:
    parts = name.split(".")
    return next(FLOORS[key] for n in range(len(parts), 0, -1) if (key := ".".join(parts[:n])) in FLOORS)


def modules() -> dict[str, Module]:
    found = {}
    for path in sorted((ROOT / "ssolab").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found[name] = Module(name, path.read_text("utf-8"), is_package)
    return found


MODULES = modules()


def imported_names(module: Module) -> Iterator[tuple[str, int]]:
    """Every dotted name that the module imports anywhere in it, with its line: for `from a import b` that is a.b."""
    package = module.name.split(".")[: None if module.is_package else -1]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((f"{stem}.{alias.name}", node.lineno) for alias in node.names)


def ours(module: Module, known: Iterable[str]) -> Iterator[tuple[str, int]]:
    """The modules of ssolab that the module imports."""
    names = set(known)
    for name, line in imported_names(module):
        if name.split(".")[0] == "ssolab":
            yield name if name in names else name.rpartition(".")[0], line


def climbs(module: Module, known: Iterable[str]) -> Iterator[str]:
    """Imports that go up, or across between protocols."""
    home = next((stranger for stranger in STRANGERS if module.name.startswith(stranger)), None)
    for target, line in ours(module, known):
        if floor_of(target) > module.floor:
            yield f"{module.name}:{line} imports {target}, which stands on a higher floor"
        if home and not target.startswith(home) and target.startswith(STRANGERS):
            yield f"{module.name}:{line} imports {target}; saml, oidc and salesforce never import one another"


def unit_of(name: str) -> str:
    """The part of the package that the design orders: the second name, but the floor of cutover/model is its own."""
    return name if name in FLOORS else ".".join(name.split(".")[:2])


def circle(edges: Iterable[tuple[str, str]]) -> list[str] | None:
    """A circle among the edges, or None."""
    graph: dict[str, set[str]] = {}
    for importer, target in edges:
        if importer != target:
            graph.setdefault(importer, set()).add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return None


def worldly(module: Module) -> Iterator[str]:
    """What a module below floor 3 does that only the edges may."""
    allowed = MAY.get(module.name, set())
    barred = WORLDLY_IMPORTS - allowed
    aliases = {}
    for name, line in imported_names(module):
        aliases[name.rpartition(".")[2]] = name
        if name in barred or any(name.startswith(root + ".") for root in barred):
            yield f"{module.name}:{line} imports {name}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            full = f"{aliases.get(node.value.id, node.value.id)}.{node.attr}"
            if full in barred:
                yield f"{module.name}:{node.lineno} uses {full}"
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in WORLDLY_CALLS | (WORLDLY_METHODS - allowed):
            yield f"{module.name}:{node.lineno} calls {node.func.id}()"
        if isinstance(node.func, ast.Attribute) and node.func.attr in WORLDLY_METHODS - allowed:
            if isinstance(node.func.value, ast.Name) and aliases.get(node.func.value.id, "").startswith("ssolab."):
                continue  # our own function of that name, which is looked at where it stands
            yield f"{module.name}:{node.lineno} calls .{node.func.attr}()"


def test_imports_go_down_or_sideways_and_never_between_protocols() -> None:
    assert [line for module in MODULES.values() for line in climbs(module, MODULES)] == []


def test_every_module_stands_on_a_named_floor() -> None:
    loose = [name for name in MODULES if name not in ("ssolab", "ssolab.__main__") and unit_of(name) not in FLOORS]
    assert loose == []


def test_no_two_modules_import_each_other_in_a_circle() -> None:
    edges = [(module.name, target) for module in MODULES.values() for target, _ in ours(module, MODULES)]
    # A package's own __init__ is not counted: importing ssolab.core.der is not importing from ssolab.core.
    assert circle((a, b) for a, b in edges if not MODULES[a].is_package) is None
    assert circle((unit_of(a), unit_of(b)) for a, b in edges) is None


def test_below_the_edges_nothing_touches_disk_network_clock_environment_or_chance() -> None:
    assert [line for module in MODULES.values() if module.floor < EDGES for line in worldly(module)] == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("import time", "imports time"),
        ("from urllib.request import urlopen", "imports urllib.request.urlopen"),
        ("from pathlib import Path", "imports pathlib.Path"),
        ("def f():\n    import uuid", "imports uuid"),
        ("from datetime import datetime\nx = datetime.now()", "calls .now()"),
        ("open('x')", "calls open()"),
        ("import sys\nsys.stdin.read()", "uses sys.stdin"),
        ("from os import environ", "imports os.environ"),
        ("rsa.generate_private_key(65537, 2048)", "calls .generate_private_key()"),
    ],
)
def test_the_purity_test_sees(text: str, complaint: str) -> None:
    assert any(complaint in line for line in worldly(Module("ssolab.saml.checks", text)))


@pytest.mark.parametrize(
    "text",
    [
        "from urllib.parse import quote",
        "from pathlib import PurePosixPath",
        "from datetime import UTC, datetime, timedelta",
        "import hashlib, hmac, io, zlib",
        "from ssolab.core import der\nder.read_text(b'')",
    ],
)
def test_the_purity_test_lets_pure_things_pass(text: str) -> None:
    assert list(worldly(Module("ssolab.saml.checks", text))) == []


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("ssolab.core.der", "from ssolab.saml import metadata", "higher floor"),
        ("ssolab.saml.checks", "from ssolab.salesforce import profile", "never import one another"),
        ("ssolab.oidc.checks", "from ssolab.saml import metadata", "never import one another"),
        ("ssolab.core.jose", "from ssolab.saml import metadata", "higher floor"),
        ("ssolab.saml.checks", "def f():\n    import ssolab.web.app", "higher floor"),
        ("ssolab.cutover.model", "from .rehearse import Player", "higher floor"),
        ("ssolab.web.idp", "from ssolab.cli import main", "higher floor"),
    ],
)
def test_the_floor_test_sees(name: str, text: str, complaint: str) -> None:
    known = {
        "ssolab.saml.metadata",
        "ssolab.salesforce.profile",
        "ssolab.cutover.rehearse",
        "ssolab.cli",
        "ssolab.web.app",
    }
    assert any(complaint in line for line in climbs(Module(name, text), known))


def test_no_module_is_long_without_a_reason() -> None:
    sizes = {name: len(module.text.splitlines()) for name, module in MODULES.items()}
    assert {name: size for name, size in sizes.items() if size > BUDGET and not LONGER_WITH_REASON.get(name)} == {}
    assert [name for name in LONGER_WITH_REASON if sizes.get(name, 0) <= BUDGET] == [], "these need no reason any more"


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = [name for name in MODULES if name.rpartition(".")[2].strip("_") in NAMES_THAT_SAY_NOTHING]
    assert names == []


def test_every_module_says_why_it_exists() -> None:
    assert [name for name, module in MODULES.items() if not ast.get_docstring(module.tree)] == []


def catalog() -> tuple[Entry, ...]:
    # entries_of itself refuses two entries of one code.
    return entries_of(
        modules_below(
            ssolab, without=("ssolab.cli", "ssolab.web", "ssolab.pytest_plugin", "ssolab.testing", "ssolab.__main__")
        ),
        Entry,
    )


def test_every_catalog_entry_can_be_read_aloud_and_explained() -> None:
    faults = []
    for entry in catalog():
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.code):
            faults.append(f"{entry.code}: a code is lower-case words")
        if not entry.title.endswith(".") or entry.title.endswith(".."):
            faults.append(f"{entry.code}: its title ends in one full stop: {entry.title!r}")
        if len(entry.text) <= len(entry.title) or not entry.text.endswith((".", ")", "`")):
            faults.append(f"{entry.code}: its explanation is longer than its title and ends like a sentence")
    assert faults == []


def test_importing_the_package_loads_nothing_heavy() -> None:
    probe = (
        "import sys, ssolab; print(*sorted({'lxml', 'flask', 'cryptography', 'xmlsec', 'click'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
