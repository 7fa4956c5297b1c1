"""The glossary holds: no definition or import uses a word that ``docs/glossary.toml`` replaced; class names are unique.

Only definitions and imports are looked at, by their syntax: ``tools`` and ``call`` are words of the wire, too.
"""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GLOSSARY = tomllib.loads((ROOT / "docs" / "glossary.toml").read_text("utf-8"))
FILES = sorted(path for package in ("app", "proxy_core", "resources") for path in (ROOT / package).rglob("*.py"))


def is_exempt(path: Path) -> bool:
    """Whether a package or module is still to be redesigned and keeps its names until then."""
    return any(path.is_relative_to(ROOT / place) for place in GLOSSARY["exempt"])


def definitions(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Each definition and import as (kind, name); kinds as in the glossary."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name):
                yield "class", name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield "function", name
            case ast.arg(arg=name):
                yield "name", name
            case ast.Import(names=names):
                yield from (("module", part) for alias in names for part in alias.name.split("."))
            case ast.ImportFrom(module=module, names=names):
                yield from (("module", part) for part in (module or "").split("."))
                yield from (("class" if alias.name[:1].isupper() else "function", alias.name) for alias in names)
                yield from (("module", alias.name) for alias in names)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield "name", name


OLD = {(kind, old): new for kind, words in GLOSSARY["replaced"].items() for old, new in words.items()}


@pytest.mark.parametrize(
    "path", [path for path in FILES if not is_exempt(path)], ids=lambda p: str(p.relative_to(ROOT))
)
def test_no_definition_or_import_uses_a_replaced_word(path: Path) -> None:
    used = {(kind, name.lstrip("_")) for kind, name in definitions(ast.parse(path.read_text("utf-8")))}
    modules = {("module", part) for part in path.relative_to(ROOT).with_suffix("").parts}
    assert {f"{old} → {OLD[kind, old]}" for kind, old in (used | modules) & OLD.keys()} == set()


def test_each_class_name_is_defined_in_one_place() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in FILES:
        if not is_exempt(path):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef):
                    places[node.name].append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_the_glossary_replaces_no_word_by_one_it_replaces() -> None:
    assert [new for (kind, _), new in OLD.items() if (kind, new) in OLD] == []
