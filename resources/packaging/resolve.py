"""Check that the pinned requirements can be installed from wheels on every system that has a package.

    .venv/bin/python -m resources.packaging.resolve

Asks the package index through uv, and installs nothing. Run it after requirements/runtime.txt was renewed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from resources.packaging.bundle import ROOT

MACOS: Final = "14.0"
"""``min_os_version`` of briefcase.toml."""


class PackageTarget(NamedTuple):
    """A system in uv's terms, the Python of its package, and its name."""

    platform: str
    python: str
    name: str


TARGETS: Final = (
    PackageTarget("x86_64-manylinux_2_36", "3.11", "Debian 12"),
    PackageTarget("x86_64-manylinux_2_39", "3.12", "Ubuntu 24.04"),
    PackageTarget("x86_64-manylinux_2_40", "3.13", "Debian 13"),
    PackageTarget("aarch64-manylinux_2_39", "3.12", "Ubuntu 24.04 on Arm"),
    PackageTarget("aarch64-apple-darwin", "3.13", "macOS on Apple silicon"),
    PackageTarget("x86_64-apple-darwin", "3.13", "macOS on Intel"),
    PackageTarget("x86_64-pc-windows-msvc", "3.13", "Windows"),
)


def main() -> int:
    """Return the number of systems that cannot be served."""
    lost = 0
    for target in TARGETS:
        trouble = _trouble(target)
        print(f"{'ok   ' if not trouble else 'LOST '} {target.name}, Python {target.python}")
        if trouble:
            print(trouble)
            lost += 1
    return lost


def _trouble(target: PackageTarget) -> str:
    """Return uv's error; empty if everything resolves."""
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    only = ("--dry-run", "--only-binary", ":all:", "--require-hashes")
    where = ("--python-platform", target.platform, "--python-version", target.python)
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run(
            [uv, "pip", "install", *only, *where, "--target", empty, "-r", ROOT / "requirements" / "runtime.txt"],
            cwd=empty,
            env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": MACOS},
            capture_output=True,
            text=True,
            check=False,
        )
    return done.stderr.strip() if done.returncode else ""


if __name__ == "__main__":
    sys.exit(main())
