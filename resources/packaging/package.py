"""Build the package of the system it runs on, from a checkout, in one command.

    python3 -m resources.packaging.package                     a .deb, .dmg or .msi in build/briefcase/dist
    python3 -m resources.packaging.package --as-version 0.2.0  under another version, to try an upgrade

It prints each step before running it, and with --dry-run runs none. It needs Python 3.11 or newer; on Debian and Ubuntu
it installs missing system packages through apt.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from resources.bootstrap import Hands, NotReadyError
from resources.packaging.bundle import DIST, ROOT

VENV: Final = ROOT / "build" / "packaging-venv"
SCRIPTS: Final = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON: Final = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
PINNED: Final = Path(__file__).with_name("requirements.txt")

SYSTEM_PYTHON: Final = "/usr/bin/python3"
"""On Linux the package runs on the distribution's Python, so that one builds it."""

BUILD_PACKAGES: Final = ("build-essential", "ca-certificates", "git", "python3-dev", "python3-venv")

COMPRESSION: Final = ("DPKG_DEB_COMPRESSOR_TYPE=zstd", "DPKG_DEB_COMPRESSOR_LEVEL=12")
"""For dpkg-deb, which reads its environment: 102 MB in 14 s. Level 3: 116 MB in 4 s; 19: 92 MB in 106 s; xz is
slower still.
"""

TARGETS: Final = {"linux": ("linux", "system"), "darwin": ("macOS", "app"), "win32": ("windows", "app")}
"""The targets by ``sys.platform``, in Briefcase's terms."""


def main(argv: Sequence[str]) -> int:
    """Return 0, or 1 after printing why it cannot be done."""
    rest = [word for word in argv if word != "--dry-run"]
    hands = Hands(dry=len(rest) < len(argv))
    if rest and (rest[0] != "--as-version" or len(rest) != 2):
        print(__doc__)
        return 0 if rest[0] in {"-h", "--help"} else 2
    try:
        if sys.platform not in TARGETS:
            raise NotReadyError(f"There is no package for {sys.platform}.")
        prepare(hands)
        build(hands, TARGETS[sys.platform], rest)
    except NotReadyError as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        return 1
    if not hands.dry:
        for file in packages():
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            hands.say(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1e6:.1f} MB, sha256 {digest}")
    return 0


def packages() -> list[Path]:
    """Return the packages that were built."""
    return sorted(
        file for file in DIST.iterdir() if file.suffix in {".deb", ".rpm", ".dmg", ".pkg", ".msi", ".flatpak"}
    )


def prepare(hands: Hands) -> None:
    """Install the system packages, and an environment with Briefcase."""
    if sys.platform == "linux" and shutil.which("dpkg"):
        install_missing(hands, [*BUILD_PACKAGES, *_libraries()])
    python = SYSTEM_PYTHON if sys.platform == "linux" else sys.executable
    hands.say(
        "Making an environment with Briefcase, at the versions and hashes of resources/packaging/requirements.txt."
    )
    hands.run(python, "-m", "venv", "--clear", VENV)
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
    hands.run(*pip, "--require-hashes", "--no-deps", "--requirement", PINNED)


def install_missing(hands: Hands, names: Sequence[str]) -> None:
    """Install those Debian packages that are missing, through apt. Raises NotReadyError."""
    missing = [name for name in names if not _is_installed(name)]
    if not missing:
        return
    by_root = [] if os.geteuid() == 0 else ["sudo"]
    if by_root and not shutil.which("sudo"):
        raise NotReadyError(f"Run this as root, then try again:\n    apt-get install {' '.join(missing)}")
    hands.say(f"Installing the system packages that are missing: {' '.join(missing)}.")
    apt = (*by_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "--yes")
    hands.run(*apt, "update", quiet=True)
    hands.run(*apt, "install", "--no-install-recommends", *missing, quiet=True)


def build(hands: Hands, target: tuple[str, str], version: Sequence[str] = ()) -> None:
    """Run Briefcase's three steps, and ours between the first and the second. ``version``: --as-version VERSION."""
    python = ("env", *COMPRESSION, PYTHON) if sys.platform == "linux" else (PYTHON,)
    module = (*python, "-m", "resources.packaging.bundle")
    hands.say("Filling the bundle: our code, and the packages of requirements/runtime.txt by their hashes.")
    hands.run(*module, *version, "create", *target, "--no-input", path=SCRIPTS)
    hands.say("Adding licence texts and byte code, taking out symbols.")
    hands.run(PYTHON, "-m", "resources.packaging.finish", path=SCRIPTS)
    hands.say("Building the program that starts it.")
    hands.run(*module, "build", *target, "--no-input", path=SCRIPTS)
    hands.say("Packing.")
    hands.run(*module, "package", *target, "--adhoc-sign", "--no-input", path=SCRIPTS)


def _libraries() -> list[str]:
    table = tomllib.loads((ROOT / "briefcase.toml").read_text("utf-8"))
    names: list[str] = table["tool"]["briefcase"]["app"]["understudy"]["linux"]["system"]["system_runtime_requires"]
    return names


def _is_installed(name: str) -> bool:
    asked = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", name], capture_output=True, text=True, check=False)
    return asked.stdout == "install ok installed"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
