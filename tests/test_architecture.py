"""The architecture, as a test: who may import whom, how long a file or function may be, and that tools change nothing."""

import ast
from pathlib import Path

import pytest

PACKAGE = "llmos_cli"
ROOT = Path(__file__).resolve().parents[1] / PACKAGE
MAX_FILE, MAX_FUNCTION = 400, 60

PLACES = {"errors", "numerals", "times_zh", "times", "kinds", "places", "naming", "speech"}
LANGUAGE = PLACES | {"values", "effects", "literals", "tool", "plan", "check"}
WORDS = LANGUAGE | {"speech", "events", "paths", "host", "setting", "config", "db", "archives", "servers"}
MAY_IMPORT = {
    # words
    "errors": set(),
    "values": {"errors"},
    "speech": {"errors"},
    "effects": {"errors", "values"},
    "kinds": set(),
    "naming": set(),
    "numerals": set(),
    "times_zh": {"numerals"},
    "times": {"errors", "numerals", "times_zh"},
    "places": {"errors", "values", "speech"},
    "literals": PLACES,
    "tool": {"errors", "values", "effects", "literals"},
    "plan": {"errors", "values", "effects", "literals", "tool"},
    "check": {"errors", "values", "literals", "places", "plan", "tool"},
    "events": {"errors", "values", "effects", "plan", "check", "tool"},
    "paths": {"errors"},
    "host": {"errors", "paths", "places", "config"},
    "setting": set(),
    "config": {"errors", "paths", "setting"},
    "db": {"errors", "paths"},
    "archives": {"errors"},
    # organs
    "servers": {"errors", "config"},
    "engine": {"errors", "paths", "host", "config", "speech", "servers"},
    "models": {"errors", "paths", "host", "config", "engine", "servers"},  # the check of GGUF headers, and llama.cpp's quantiser
    "memory": {"errors", "naming", "values", "effects", "plan", "events", "paths", "db"},
    "mail": {"errors", "values", "effects", "places", "paths", "db"},
    "language": {"errors", "values", "places", "speech", "config"},
    "tools": LANGUAGE | {"archives", "mail", "language"},
    "search": {"errors", "values", "kinds", "paths", "db"},
    "policy": {"errors", "values", "effects", "plan", "check", "tool", "paths", "host", "config", "db", "archives"},
    "planner": LANGUAGE | {"config", "host", "paths", "events", "engine"},
    "apps": WORDS | {"tools", "policy"},
    "kernel": WORDS | {"engine", "models", "memory", "language", "tools", "policy", "planner", "apps", "search", "mail"},
    # front ends
    "ui": WORDS,
    "shell": WORDS | {"kernel", "ui"},
    "server": WORDS | {"kernel"},
    "cli": WORDS | {"kernel", "ui", "shell", "server", "tools", "planner"},  # the two last only to print what is made from the tools
    "main": {"errors", "host", "paths", "ui", "cli"},
    "sdk": WORDS | {"kernel", "ui", "language"},  # the last for the steps on texts
}
ONLY_IN = {  # heavy or dangerous import -> the places that may have it
    "llama_cpp": "engine/llama.py",
    "prompt_toolkit": "shell/",
    "rich": "ui/",
    "pygments": "ui/texts.py",
    "PIL": "ui/pictures.py",
    "typer": "cli/",
    "mcp": "apps/mcp.py server/mcp.py",
    "subprocess": "policy/sandbox.py engine/ tools/content.py shell/ search/reader.py cli/programs.py models/quantize.py",
    "sqlite3": "db.py",
    "dateparser": "times.py",
    "keyring": "engine/keys.py",
    "asyncio": "apps/mcp.py server/ engine/",
    "click": "",  # typer >= 0.26 vendors its own; mixing the two breaks error handling
    "torch": "",
    "training": "",
}
CHANGES_DISK = {
    "write_text", "write_bytes", "unlink", "rename", "rmdir", "mkdir", "makedirs", "touch", "chmod", "chown", "lchown", "symlink",
    "link", "utime",
    "symlink_to", "hardlink_to", "remove", "removedirs", "rmtree", "copy", "copy2", "copyfile", "copytree", "truncate", "setxattr",
}  # fmt: skip

FILES = sorted(path for path in ROOT.rglob("*.py") if "__pycache__" not in path.parts)


def imports(tree: ast.AST, here: Path) -> set[str]:
    """Absolute dotted names of everything imported in a file."""
    package = [PACKAGE, *here.relative_to(ROOT).parts[:-1]]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{stem}.{alias.name}" for alias in node.names}
    return found


def without_type_checking(tree: ast.Module) -> ast.Module:
    """The file without what is imported for its annotations alone."""
    kept = [n for n in tree.body if not (isinstance(n, ast.If) and isinstance(n.test, ast.Name) and n.test.id == "TYPE_CHECKING")]
    return ast.Module(kept, [])


def unit(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def test_layers_form_a_dag():
    done: set[str] = set()
    while ready := {u for u, needs in MAY_IMPORT.items() if u not in done and needs <= done}:
        done |= ready
    assert done == set(MAY_IMPORT), f"cycle among {set(MAY_IMPORT) - done}"


def test_every_part_is_in_the_table():
    assert {unit(path) for path in FILES} - {"__init__", "__main__"} <= set(MAY_IMPORT)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_file(path: Path):
    text = path.read_text()
    tree = ast.parse(text)
    assert text.count("\n") <= MAX_FILE
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < MAX_FUNCTION, f"{node.name} is too long"
    name = str(path.relative_to(ROOT))
    names = imports(tree, path)
    if unit(path) in MAY_IMPORT:
        used = {n.split(".")[1] for n in names if n.startswith(PACKAGE + ".")} & set(MAY_IMPORT)
        assert used - {unit(path)} <= MAY_IMPORT[unit(path)], f"{name} may not import {used - MAY_IMPORT[unit(path)] - {unit(path)}}"
    at_run_time = imports(without_type_checking(tree), path)
    for module, homes in ONLY_IN.items():
        if any(n == module or n.startswith(module + ".") for n in at_run_time):
            assert any(name.startswith(home) for home in homes.split()), f"{module} in {name}"


@pytest.mark.parametrize("path", [p for p in FILES if unit(p) == "tools"], ids=lambda p: p.name)
def test_tools_return_effects_and_change_nothing(path: Path):
    tree = ast.parse(path.read_text())
    assert "tempfile" not in imports(tree, path)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and not (isinstance(node.func.value, ast.Name) and node.func.value.id == "change"):
            assert node.func.attr not in CHANGES_DISK, f"line {node.lineno}: return an effect"
        if isinstance(node.func, ast.Name) and node.func.id == "open":
            mode = node.args[1] if len(node.args) > 1 else next((k.value for k in node.keywords if k.arg == "mode"), None)
            assert mode is None or (isinstance(mode, ast.Constant) and set(mode.value) <= set("rbt")), f"line {node.lineno}: opens to write"
