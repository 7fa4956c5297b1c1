"""README, CONTRIBUTING, the guide and the decisions name only what exists, and the guide names all of it."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from app.cli import line
from app.cli.cli_context import load
from proxy_core.catalogue.provider_table import PROVIDERS, SAME_AS

ROOT = Path(__file__).parents[1]
PACKAGES = ("app", "bench", "proxy_core", "resources", "tests")
GUIDE = ROOT / "docs" / "guide"
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "bench").glob("*.md"), *(ROOT / "docs").rglob("*.md")})

LINK = re.compile(r"(?<!`)\]\(([^()\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
IN_REPOSITORY = re.compile(
    r"(?:app|bench|docs|proxy_core|requirements|resources|tests|\.ci|\.github)/[\w./*-]+|[\w/]+\.py"
)
DOTTED = re.compile(rf"(?<![\w./])(?:{'|'.join(PACKAGES)})(?:\.\w+)+")
ATTRIBUTE = re.compile(r"([A-Z]\w*[a-z]\w*)\.(\w+)")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pages
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    text = FENCE.sub("", page.read_text("utf-8"))
    broken = [link for link in LINK.findall(text) if "://" not in link and not _leads_somewhere(page, link)]
    assert broken == []


def _leads_somewhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = page.parent / name if name else page
    return target.exists() and (not anchor or anchor in _anchors(target))


@cache
def _anchors(page: Path) -> frozenset[str]:
    """The ids that GitHub gives the headings of a page."""
    headings = HEADING.findall(FENCE.sub("", page.read_text("utf-8")))
    return frozenset(re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings)


@pages
def test_every_path_module_and_attribute_exists(page: Path) -> None:
    if page.name == "CHANGELOG.md" or page.name in _not_in_force():
        return  # these may name what is gone
    text = page.read_text("utf-8")
    words = [word for span in CODE.findall(FENCE.sub("", text)) for word in span.split()]
    paths = [word.rstrip("/") for word in words if IN_REPOSITORY.fullmatch(word)]
    assert [path for path in paths if not any(ROOT.glob(path))] == []
    assert [name for name in DOTTED.findall(text) if not _is_defined(name)] == []
    named = [match for word in words if (match := ATTRIBUTE.fullmatch(word))]
    assert [match[0] for match in named if match[2] not in _members().get(match[1], ())] == []


@cache
def _not_in_force() -> frozenset[str]:
    """The decisions that another replaced or that are under revision, by the table of the index."""
    index = (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| \[\d+\]\((.+?)\) \|.*\| (.+?) \|$", index, re.MULTILINE)
    return frozenset(name for name, status in rows if status != "in force")


def _is_defined(name: str) -> bool:
    """Whether a dotted name is a module, or something that one defines."""
    path = ROOT.joinpath(*name.split("."))
    if path.is_dir() or path.with_suffix(".py").exists():
        return True
    module = path.parent.with_suffix(".py")
    module = module if module.exists() else path.parent / "__init__.py"
    return module.exists() and path.name in _names(ast.parse(module.read_text("utf-8")))


@cache
def _members() -> dict[str, set[str]]:
    """The names that each class of the project defines."""
    found: dict[str, set[str]] = {}
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef):
                    found.setdefault(node.name, set()).update(_names(node))
    return found


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                yield name


def test_the_decisions_that_the_code_names_exist() -> None:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    named = {path for file in files for path in re.findall(r"docs/decisions/[\w-]+\.md", file.read_text("utf-8"))}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_index_lists_each_decision_once() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = [link for link in LINK.findall((folder / "README.md").read_text("utf-8")) if re.match(r"\d{3}-", link)]
    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))


def test_the_guide_lists_each_of_its_pages() -> None:
    listed = LINK.findall((GUIDE / "README.md").read_text("utf-8"))
    assert sorted(listed) == sorted(page.name for page in GUIDE.glob("*.md") if page.name != "README.md")


def test_the_providers_page_has_each_provider_with_its_variables() -> None:
    text = (GUIDE / "providers.md").read_text("utf-8")
    shown = {provider.id: provider for provider in PROVIDERS.values() if provider.id != "demo"}
    assert [id_ for id_ in shown if id_ not in SAME_AS and f"| `{id_}`" not in text] == []
    variables = [
        name for id_, each in shown.items() if not each.local and id_ not in SAME_AS for name in each.key_variables
    ]
    assert [name for name in variables if f"`{name}`" not in text] == []


def _commands() -> Iterator[tuple[str, Any]]:
    root: Any = typer.main.get_command(line)
    for name, command in root.commands.items():
        yield name, command
        for below, each in getattr(command, "commands", {}).items():
            yield f"{name} {below}", each


def test_the_command_line_page_has_each_command_and_option_and_no_other() -> None:
    text = (GUIDE / "command-line.md").read_text("utf-8")
    sections = dict(re.findall(r"^## understudy (\S+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    options: dict[str, set[str]] = {}
    for name, command in _commands():
        assert f"understudy {name}" in text
        known = {
            option
            for each in command.params
            if each.param_type_name == "option"
            for option in [*each.opts, *each.secondary_opts]
        }
        options.setdefault(name.split()[0], set()).update(known)
    options["claude"] = {"--profile"}  # which this command takes out of Claude Code's arguments by itself
    named = {name: set(re.findall(r"(?<![\w`-])`?(--?[a-z][a-z-]*)\b", section)) for name, section in sections.items()}
    assert {name: found - {"--settings"} for name, found in named.items()} == options


def test_the_settings_page_is_a_settings_file_without_faults(tmp_path: Path) -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```", (GUIDE / "settings.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    file = tmp_path / "settings.toml"
    file.write_text("\n".join(blocks), "utf-8")
    tomllib.loads(file.read_text("utf-8"))
    assert load({"UNDERSTUDY_HOME": str(tmp_path)}).troubles == []
