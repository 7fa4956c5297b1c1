"""Run README's two commands on fresh Debians, each with its own Python, as a newcomer would.

    sudo python3 -m resources.fresh_debian                          Debian 12 and Debian 13
    sudo python3 -m resources.fresh_debian trixie -- tests/ledger   one of them, with arguments for pytest

``bootstrap.py test --full`` runs it. Each system is as small as debootstrap makes it (minbase and python3), in a folder
under .cache that is removed at the end in any case. It runs in mount and process namespaces of its own, so that nothing
stays mounted or running. It contains a clone of this checkout at its last commit, and the way in which this machine
reaches its package mirrors: the settings of apt, pip, uv and npm, and the trusted certificates.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from resources.bootstrap import ROOT, Hands, NotReadyError

RELEASES: Final = {"bookworm": "Debian 12", "trixie": "Debian 13"}

CHECKOUT: Final = Path("root", "understudy")
"""The path of the clone in a fresh system."""

APART: Final = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
ENTER: Final = Path(__file__).with_name("packaging") / "trial" / "enter.sh"
TOOLS: Final = Path("/usr/sbin")
"""The folder of debootstrap and chroot, which is not on the PATH of a root shell that `su` started."""

CARRIED: Final = re.compile(
    r"(PIP|UV|NPM_CONFIG)_\w+|\w+_PROXY|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NODE_EXTRA_CA_CERTS",
    re.IGNORECASE,
)
"""Variables that determine how packages are reached."""

SETTINGS: Final = ("/etc/pip.conf", "/etc/xdg/pip/pip.conf", "/etc/uv/uv.toml", "/etc/resolv.conf", "/etc/hosts")
SETTINGS_AT_HOME: Final = (".config/pip/pip.conf", ".pip/pip.conf", ".config/uv/uv.toml", ".npmrc", ".netrc")
"""Files that determine how packages are reached."""

SAID: Final = Path("etc", "as-on-the-host.sh")
"""The environment in a fresh system."""
SHARED: Final = Path("etc", "shared-with-the-host")
"""The folders of this machine that are mounted there, one per line: package indexes in local folders."""

TRUSTED: Final = Path("/etc/ssl/certs")
"""The trusted certificates of this machine. Debian's ca-certificates recreates the folder, and then reads ADDED."""
ADDED: Final = Path("usr", "local", "share", "ca-certificates", "of-the-host.crt")

NAMED_PATH: Final = re.compile(r"""(?:^|(?<=[\s="',])|(?<=file://))/(?!/)[^\s"',;]+""", re.MULTILINE)


def main(argv: Sequence[str]) -> int:
    """Return 0 if both commands succeeded on every system; print the results last."""
    split = list(argv).index("--") if "--" in argv else len(argv)
    releases, arguments = argv[:split] or [*RELEASES], argv[split + 1 :]
    if not set(releases) <= set(RELEASES):
        print(__doc__)
        return 2
    hands = Hands(dry=False)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that the folder is removed then, too
    try:
        if sys.platform != "linux" or os.geteuid() != 0:
            raise NotReadyError("Only root on a Linux can make fresh Debians: run this with sudo.")
        ends = [end for release in releases for end in try_commands(hands, release, arguments)]
    except NotReadyError as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        return 1
    for end in ends:
        hands.say(end.sentence)
    return 0 if all(end.well for end in ends) else 1


class End(NamedTuple):
    """The result of a command on a fresh system."""

    well: bool
    sentence: str


def try_commands(hands: Hands, release: str, arguments: Sequence[str]) -> list[End]:
    """Run the commands on a fresh ``release``, the second with ``arguments``. Raises NotReadyError without such a
    system.
    """
    demo, test = commands(Path("README.md").read_text("utf-8"))
    ends = []
    with fresh_system(hands, release) as system:
        for command in (demo, shlex.join([*shlex.split(test), *arguments])):
            hands.say(f"Typing on {RELEASES[release]}: {command}")
            begun = time.monotonic()
            try:
                hands.run(*enter(system, f". /{SAID}; cd /{CHECKOUT}; {command}"))
            except NotReadyError as error:
                well, how = False, str(error).partition(";")[0]
            else:
                well, how = True, "It ended well."
            taken = round(time.monotonic() - begun)
            ends.append(End(well, f"{RELEASES[release]}: {command}: {taken // 60} min {taken % 60} s. {how}"))
    return ends


def commands(readme: str) -> tuple[str, str]:
    """Return the two commands that the README names first."""
    demo, test, *_ = re.findall(r"^python3 resources/bootstrap\.py \w+", readme, re.MULTILINE)
    return demo, test


@contextmanager
def fresh_system(hands: Hands, release: str) -> Iterator[Path]:
    """Provide a fresh ``release`` with the checkout and the settings in it, until the end of the block."""
    (ROOT / ".cache").mkdir(exist_ok=True)
    system = Path(tempfile.mkdtemp(prefix=f"{release}-", dir=ROOT / ".cache"))
    try:
        system.chmod(0o755)
        hands.say(f"Making a fresh {RELEASES[release]} in {system.relative_to(ROOT)}.")
        options = ("--variant=minbase", "--include=python3")
        hands.run(*APART, "debootstrap", *options, release, system, *mirror(), path=TOOLS, quiet=True)
        hands.say("Cloning this checkout's last commit into it.")
        hands.run("git", "clone", "--quiet", "--no-hardlinks", ROOT, system / CHECKOUT)
        carry(system, Path.home(), os.environ)
        yield system
    finally:
        remove(system)


def mirror() -> tuple[str, ...]:
    """Return the mirror that this machine's apt has its Debian from; nothing if it is not Debian."""
    if platform.freedesktop_os_release()["ID"] != "debian":
        return ()
    asked = ("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Identifier: Packages")
    found = [
        line.split() for line in subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split("\n")
    ]
    return tuple(words[0] for words in found if len(words) == 2 and words[1].isalpha())[:1]  # no -updates, no -security


def carry(system: Path, home: Path, environ: Mapping[str, str]) -> None:
    """Make ``system`` reach its package mirrors as this machine does, with ``environ`` and ``home``."""
    own = {name: value for name, value in environ.items() if CARRIED.fullmatch(name)}
    said = {"HOME": "/root", "LANG": "C.UTF-8", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in {**said, **own}.items()]
    (system / SAID).write_text("".join(lines), "utf-8")
    (system / SAID).chmod(0o600)
    settings = [(file, system / file.relative_to("/")) for file in map(Path, SETTINGS)]
    settings += [(home / name, system / "root" / name) for name in SETTINGS_AT_HOME]
    texts = list(own.values())
    for file, target in settings:
        if file.is_file():
            copy(file, target)
            texts.append(file.read_text("utf-8"))
    shared = set()
    for path in map(Path, sorted({word for text in texts for word in NAMED_PATH.findall(text)})):
        target = system / path.relative_to("/")
        if target.exists() or path.is_relative_to(TRUSTED) or path.is_relative_to(home):
            continue  # it has its own; or it comes with ADDED; or it is a cache
        if path.is_file():
            copy(path, target)
        elif path.is_dir():  # an index may refer to files beside it: share the topmost folder that is missing there
            steps = [*reversed(path.parents), path]
            shared.add(next(str(step) for step in steps if not (system / step.relative_to("/")).exists()))
    (system / SHARED).write_text("\n".join(sorted(shared)), "utf-8")
    for file in Path("/etc/apt/apt.conf.d").glob("*"):
        if "Acquire" in file.read_text("utf-8"):
            copy(file, system / file.relative_to("/"))
    if (bundle := TRUSTED / "ca-certificates.crt").exists():
        copy(bundle, system / ADDED)


def copy(file: Path, target: Path) -> None:
    """Copy a file with its mode, creating the folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, target)


def enter(system: Path, line: str) -> tuple[str | Path, ...]:
    """Return the command that runs a shell's ``line`` in it. Settings are in files there, where no log shows them."""
    return (*APART, "sh", ENTER, system, "/bin/sh", "-c", line)


def remove(system: Path) -> None:
    """Remove it; processes that were just killed may still be writing."""
    for _ in range(100):
        shutil.rmtree(system, ignore_errors=True)
        if not system.exists():
            return
        time.sleep(0.1)
    raise NotReadyError(f"{system} could not be removed.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
