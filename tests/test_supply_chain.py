"""What the project stands on is what was reviewed: exact versions, hashes, no addresses, nothing that starts by itself.

LiteLLM 1.82.7 and 1.82.8 were poisoned on PyPI with a ``.pth`` file that stole credentials at every start of Python;
the tests here are what that would have met.
"""

from __future__ import annotations

import json
import re
import sysconfig
import tomllib
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parents[1]
REQUIREMENTS: Final = ROOT / "requirements"
PINNED: Final = sorted(REQUIREMENTS.glob("*.txt"))
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

KNOWN_PTH: Final = {
    "_virtualenv.pth": "import _virtualenv",
    "distutils-precedence.pth": (
        "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; "
        "enabled and __import__('_distutils_hack').add_shim();"
    ),
    "a1_coverage.pth": (
        'import sys; exec(\'import os\\n\\nif os.getenv("COVERAGE_PROCESS_START") or '
        'os.getenv("COVERAGE_PROCESS_CONFIG"):\\n try:\\n  import coverage\\n except:\\n  pass\\n else:\\n  '
        'coverage.process_startup(slug="pth")\')'
    ),
}
"""The files of virtualenv (uv's too), setuptools and coverage (for tests only) that run code at every start of Python.

Each with all that it may run.
"""


def pins(file: Path) -> dict[str, str]:
    """Package → version of a requirements file."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", file.read_text("utf-8"), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def pins_for(file: Path, environment: dict[str, str]) -> dict[str, set[str]]:
    """Package → the versions that an environment of these marker values gets."""
    found: dict[str, set[str]] = {}
    lines = re.findall(r"^[A-Za-z0-9._-]+==[^\\\n]+", file.read_text("utf-8"), re.MULTILINE)
    for wanted in map(Requirement, lines):
        if wanted.marker is None or wanted.marker.evaluate(environment):
            (pinned,) = wanted.specifier
            found.setdefault(canonicalize_name(wanted.name), set()).add(pinned.version)
    return found


@pytest.mark.parametrize("file", PINNED, ids=lambda file: file.name)
def test_each_package_is_pinned_with_hashes_and_each_hash_is_of_a_package(file: Path) -> None:
    text = file.read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"[A-Za-z0-9._-]+==\S+( ; [^#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*$", line), line[:120]


@pytest.mark.parametrize("file", [*PINNED, REQUIREMENTS / "npm.json"], ids=lambda file: file.name)
def test_no_address_is_recorded(file: Path) -> None:
    text = file.read_text("utf-8")
    assert "://" not in text
    assert '"resolved"' not in text
    assert not re.search(r"^\s*-{1,2}(i|f|index-url|extra-index-url|find-links|trusted-host)\b", text, re.MULTILINE)


def test_each_npm_package_is_pinned_by_the_hash_of_its_content() -> None:
    for name, lock in json.loads((REQUIREMENTS / "npm.json").read_text("utf-8")).items():
        root, *packages = lock["packages"].items()
        assert root[0] == ""
        assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in root[1]["dependencies"].values()), name
        assert packages
        for path, package in packages:
            assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", package["integrity"]), path


def test_what_is_developed_with_is_what_is_shipped() -> None:
    runtime, dev = pins(REQUIREMENTS / "runtime.txt"), pins(REQUIREMENTS / "dev.txt")
    assert runtime.items() <= dev.items()
    bootstrap = pins(REQUIREMENTS / "bootstrap.txt")
    assert {name: dev[name] for name in bootstrap.keys() & dev.keys()}.items() <= bootstrap.items()


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_each_dependency_is_pinned_within_its_bounds(python: str) -> None:
    here = {"python_version": python, "python_full_version": f"{python}.0"}
    runtime = pins_for(REQUIREMENTS / "runtime.txt", here)
    for text in PROJECT["project"]["dependencies"]:
        wanted = Requirement(text)
        if wanted.marker is None or wanted.marker.evaluate(here):
            (version,) = runtime[canonicalize_name(wanted.name)]
            assert wanted.specifier.contains(version), text


def test_no_python_gets_the_pyside_that_aborts_there() -> None:
    for file in (REQUIREMENTS / "runtime.txt", REQUIREMENTS / "dev.txt"):
        here = {"python_version": "3.11", "python_full_version": "3.11.9"}
        assert pins_for(file, here)["pyside6-essentials"] != {"6.12.0"}


def reasons() -> list[list[list[str]]]:
    """The tables of the decision on dependencies: the cells of each row."""
    text = (ROOT / "docs" / "decisions" / "003-dependencies.md").read_text("utf-8")
    tables = re.findall(r"^\| package \|.*\n\|[ -|]+\n((?:\|.*\n?)+)", text, re.MULTILINE)
    return [[[cell.strip() for cell in row.strip("|").split(" | ")] for row in table.splitlines()] for table in tables]


def test_each_dependency_has_its_reason_written_down_once_and_nothing_else_has() -> None:
    groups = PROJECT["dependency-groups"]
    declared = [PROJECT["project"]["dependencies"], groups["test"], groups["lint"], groups["bootstrap"]]
    for wanted, rows in zip(declared, reasons(), strict=True):
        names = {Requirement(text).name for text in wanted}
        assert sorted(row[0] for row in rows) == sorted(f"`{name}`" for name in names)
        for row in rows:
            assert len(row) == len(rows[0]), row[0]
            assert all(len(cell.split()) > 1 for cell in row[1:]), f"{row[0]} without a reason"
    assert set(groups) == {"test", "lint", "dev", "bootstrap"}, "each has its table"


@pytest.mark.parametrize("version", ["1.82.7", "1.82.8"])
def test_the_poisoned_releases_of_litellm_can_never_be_resolved(version: str) -> None:
    (declared,) = [r for r in map(Requirement, PROJECT["project"]["dependencies"]) if r.name == "litellm"]
    assert not declared.specifier.contains(version)
    lowest_bound_gone = SpecifierSet(",".join(str(one) for one in declared.specifier if one.operator != ">="))
    assert not lowest_bound_gone.contains(version)
    (constraint,) = [
        Requirement(c) for c in PROJECT["tool"]["uv"]["constraint-dependencies"] if c.startswith("litellm")
    ]
    assert not constraint.specifier.contains(version)
    assert version not in {pins(file).get("litellm") for file in PINNED}


def unknown_code(folder: Path) -> dict[str, str]:
    """The lines of ``.pth`` files in a folder that Python would run at its start and that nobody has reviewed."""
    found = {}
    for file in sorted(folder.glob("*.pth")):
        for line in file.read_text("utf-8").split("\n"):
            if line.startswith(("import ", "import\t")) and line.strip() != KNOWN_PTH.get(file.name):
                found[file.name] = line
    return found


def test_nothing_unknown_runs_when_python_starts() -> None:
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        assert unknown_code(Path(folder)) == {}


def test_a_file_that_would_run_is_found(tmp_path: Path) -> None:
    (tmp_path / "litellm_init.pth").write_text("import os; os.system('true')\n", "utf-8")
    (tmp_path / "_virtualenv.pth").write_text("import _virtualenv; import os\n", "utf-8")
    (tmp_path / "_understudy.pth").write_text("/a/path/of/a/checkout\n", "utf-8")
    assert unknown_code(tmp_path).keys() == {"litellm_init.pth", "_virtualenv.pth"}
