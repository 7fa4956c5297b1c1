"""Try the .deb as a user would: on a fresh Debian, installed, used, upgraded, used again and removed.

    sudo python3 -m resources.packaging.try_deb                    builds both packages first
    sudo python3 -m resources.packaging.try_deb OLD.deb NEW.deb    uses these

With --without-window before them, `understudy serve` is tried instead of the window and the tray.

The fresh system is made by debootstrap under build/try-deb and runs in mount and process namespaces of its own, with
its own /dev; nothing of this system is mounted there. ``trial/inside.sh`` is the trial. It needs root, network access
to Debian's packages, and Claude Code as ``resources/bootstrap.py prepare`` installs it.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from resources.bootstrap import NPM_CACHE, Hands, NotReadyError
from resources.packaging import package
from resources.packaging.bundle import ROOT

PLACE: Final = ROOT / "build" / "try-deb"
SYSTEM: Final = PLACE / "system"
TRIAL: Final = Path(__file__).with_name("trial")

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

TRAY_HOST: Final = Path("tests", "app", "end_to_end", "tray_host.py")
"""The tray and the notification service of the end-to-end tests, which the trial needs too."""


def main(argv: Sequence[str]) -> int:
    """Return 0 if everything succeeded; failures are printed."""
    hands = Hands(dry=False)
    window = argv[:1] != ["--without-window"]
    argv = argv if window else argv[1:]
    if len(argv) not in {0, 2} or any(word.startswith("-") for word in argv):
        print(__doc__)
        return 2
    try:
        if os.geteuid() != 0:
            raise NotReadyError("Only root may make a system to try it in: run this with sudo.")
        claude = claude_code()
        PLACE.mkdir(parents=True, exist_ok=True)
        pair = [Path(word) for word in argv] or built_pair(hands)
        make_system(hands)
        put_in(pair, claude)
        if not window:
            (SYSTEM / "trial" / "without-window").touch()
        hands.say("Entering it.")
        apart = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
        environment = ("LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", f"PATH={PATH}")
        hands.run(*apart, "sh", TRIAL / "enter.sh", SYSTEM, *environment, "/bin/bash", "/trial/inside.sh")
    except NotReadyError as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        return 1
    hands.say("The package installs, runs, upgrades and goes as it should.")
    return 0


def newer_version() -> str:
    """Return our version with its last number incremented."""
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    *front, last = version.split(".")
    return ".".join([*front, str(int(last) + 1)])


def built_pair(hands: Hands) -> list[Path]:
    """Build this checkout as a package of its version and as one of a newer version."""
    package.prepare(hands)
    pair = []
    for name, version in (("old", ()), ("new", ("--as-version", newer_version()))):
        package.build(hands, package.TARGETS["linux"], version)
        (deb,) = package.packages()
        pair.append(Path(shutil.copy(deb, PLACE / f"{name}.deb")))
    return pair


def claude_code() -> Path:
    """Return the newest Claude Code in the cache: a single executable file. Raises NotReadyError."""
    found = sorted(
        NPM_CACHE.glob("claude-code-*/node_modules/@anthropic-ai/claude-code-linux-*/claude"),
        key=lambda file: [int(part) for part in file.parts[-5].rpartition("-")[2].split(".")],
    )
    if not found:
        raise NotReadyError("Claude Code is not there. Run: python3 resources/bootstrap.py prepare")
    return found[-1]


def make_system(hands: Hands) -> None:
    """Make a fresh Debian of this machine's release. The first one is archived for the next time."""
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    archive = PLACE / f"{release}.tar"
    shutil.rmtree(SYSTEM, ignore_errors=True)
    if not archive.exists():
        package.install_missing(hands, ["debootstrap"])
        hands.say(f"Making a fresh {release}, as small as Debian gets.")
        hands.run("debootstrap", "--variant=minbase", "--include=ca-certificates", release, SYSTEM, quiet=True)
        hands.run("tar", "--create", "--file", archive, "--directory", SYSTEM, ".")
        return
    hands.say(f"Unpacking the fresh {release} that was made before.")
    SYSTEM.mkdir()
    hands.run("tar", "--extract", "--file", archive, "--directory", SYSTEM)


def put_in(pair: Sequence[Path], claude: Path) -> None:
    """Copy the files of the trial to /trial of the fresh system, and the settings for Debian's mirror."""
    inside = SYSTEM / "trial"
    shutil.copytree(TRIAL, inside)
    for file, name in zip((*pair, claude), ("old.deb", "new.deb", "claude"), strict=True):
        shutil.copy(file, inside / name)
    (inside / TRAY_HOST.parent).mkdir(parents=True)
    shutil.copy(ROOT / TRAY_HOST, inside / TRAY_HOST)
    shutil.copy("/etc/resolv.conf", SYSTEM / "etc" / "resolv.conf")
    for settings in Path("/etc/apt/apt.conf.d").iterdir():
        if "Acquire" in settings.read_text("utf-8", errors="replace"):
            shutil.copy(settings, SYSTEM / "etc" / "apt" / "apt.conf.d")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
