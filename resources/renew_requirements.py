"""Pin newer versions of all dependencies and build tools, with hashes and without addresses.

Run it in the project's environment, review the diff like code, and commit it::

    .venv/bin/python resources/renew_requirements.py

Releases younger than a week are left out, so that a compromised one is likely to be found before
(``docs/decisions/005-requirements.md``). The npm packages are pinned by exact version in ``requirements/npm.json``: for
another version, change it there, in the key and in the dependency, and run this.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "requirements"
AGE = dt.timedelta(days=7)


def main() -> None:
    """Write all five files. Raises CalledProcessError if uv or npm finds no solution."""
    newest = (dt.datetime.now(dt.UTC) - AGE).date().isoformat()
    runtime, dev = REQUIREMENTS / "runtime.txt", REQUIREMENTS / "dev.txt"
    _compile(newest, runtime, ["pyproject.toml"])
    _compile(newest, dev, ["pyproject.toml", "--group", "dev", "--constraints", str(runtime)])
    _compile(newest, REQUIREMENTS / "bootstrap.txt", ["--group", "bootstrap", "--constraints", str(dev)])
    packaging = ROOT / "resources" / "packaging"
    _compile(newest, packaging / "requirements.txt", [str(packaging / "requirements.in")])
    _renew_npm(REQUIREMENTS / "npm.json")


def _compile(newest: str, output: Path, sources: Sequence[str]) -> None:
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    command = [str(uv), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
    command += ["--upgrade", "--exclude-newer", newest, "--no-emit-index-url", "--no-emit-find-links", "--no-annotate"]
    command += ["--custom-compile-command", "python resources/renew_requirements.py", "--output-file", str(output)]
    subprocess.run([*command, *sources], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def _renew_npm(table: Path) -> None:
    locks: dict[str, Any] = json.loads(table.read_text("utf-8"))
    renewed = {name: _lock(lock["packages"][""]) for name, lock in locks.items()}
    table.write_text(json.dumps(renewed, indent=2) + "\n", "utf-8")


def _lock(package: dict[str, Any]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "package.json").write_text(json.dumps({"private": True, **package}), "utf-8")
        npm = [shutil.which("npm") or "npm", "install", "--package-lock-only", "--ignore-scripts"]
        npm += ["--omit-lockfile-registry-resolved", "--no-audit", "--no-fund"]
        subprocess.run(npm, cwd=folder, check=True, stdout=sys.stderr)
        return json.loads(Path(folder, "package-lock.json").read_text("utf-8"))


if __name__ == "__main__":
    main()
