"""Lay out a project for Briefcase under ``build/briefcase``, and run Briefcase in it.

    python -m resources.packaging.bundle create linux system --no-input

Briefcase reads its configuration from a ``pyproject.toml``, derives an app's module from its name and needs a changelog
beside it. So the layout contains a ``pyproject.toml`` made of our ``[project]`` and our ``briefcase.toml``, a package
``understudy`` that only starts the app (``start.py``), and copies of what ships. ``create`` recreates it.

Run it in an environment with ``resources/packaging/requirements.txt``; ``resources/packaging/package.py`` creates
one.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
STAGE: Final = ROOT / "build" / "briefcase"
DIST: Final = STAGE / "dist"

COPIED: Final = ("app", "proxy_core", "resources", "README.md", "LICENSE", "CHANGELOG.md")
FROM_FILE: Final = ("-rrequirements.txt",)
"""As a dependency: uv reads the file itself, with its hashes. Without a slash, or Briefcase takes it for a folder."""


def project_file(project: Mapping[str, Any], briefcase: str, requires: Sequence[str], version: str = "") -> str:
    """Return the text of the layout's ``pyproject.toml``.

    ``project`` is our ``[project]``, ``briefcase`` the text of ``briefcase.toml``. ``requires`` replaces the ranges of
    ``[project]``; ``version`` replaces its version, if it is not empty.
    """
    kept = ("name", "description", "readme", "license", "license-files", "requires-python")
    table: dict[str, Any] = {key: project[key] for key in kept}
    table |= {"version": version or project["version"], "dependencies": list(requires)}
    # Strings and lists of strings have the same syntax in JSON and TOML.
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    # An empty table ends uv's search for settings; it would find ours, whose constraints have no hashes.
    return "\n".join(["[project]", *lines, "", "[tool.uv]", "", briefcase])


def requirement_lines(requirements: str) -> list[str]:
    """Return each requirement of a requirements file with its hashes, on one line: for formats that need a list."""
    joined = re.sub(r"\\\n\s*", "", requirements)
    return [line for line in joined.split("\n") if line and not line.startswith("#")]


def lay_out(output_format: str, version: str = "") -> None:
    """Recreate the layout for one of Briefcase's formats (system, flatpak, app, ...)."""
    shutil.rmtree(STAGE, ignore_errors=True)
    STAGE.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, STAGE / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, STAGE / name)
    pinned = (ROOT / "requirements" / "runtime.txt").read_text("utf-8")
    (STAGE / "requirements.txt").write_text(pinned, "utf-8")
    requires = requirement_lines(pinned) if output_format == "flatpak" else FROM_FILE
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    briefcase = (ROOT / "briefcase.toml").read_text("utf-8")
    (STAGE / "pyproject.toml").write_text(project_file(project, briefcase, requires, version), "utf-8")
    package = STAGE / "understudy"
    package.mkdir()
    (package / "__init__.py").write_text('"""The program as it is installed."""\n', "utf-8")
    shutil.copy(Path(__file__).with_name("start.py"), package / "__main__.py")


def briefcase(*arguments: str) -> int:
    """Run Briefcase in the layout with ``arguments``; return its status."""
    return subprocess.run([sys.executable, "-m", "briefcase", *arguments], cwd=STAGE, check=False).returncode


def main(argv: Sequence[str]) -> int:
    """Run Briefcase's command line; ``create`` lays out first, and takes ``--as-version VERSION`` before it."""
    version, rest = "", list(argv)
    if rest[:1] == ["--as-version"]:
        version, rest = rest[1], rest[2:]
    if rest[:1] == ["create"]:
        lay_out(rest[2] if len(rest) > 2 else "", version)
    return briefcase(*rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
