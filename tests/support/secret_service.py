"""A real Secret Service for a test: gnome-keyring on a bus and in a HOME of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("dbus-daemon", "gnome-keyring-daemon")
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
"""A session bus that starts nothing by itself: a second keyring daemon in the place of a first that ended is locked."""


@dataclass(frozen=True)
class SecretService:
    """What a process needs to reach it."""

    environ: Mapping[str, str]
    pid: int

    def run(self, script: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run Python code that reaches this service; it fails the test by failing."""
        return python(script, {**self.environ, **more})

    def lock(self) -> None:
        """Lock the keyring, as a desktop does when nobody is logged in."""
        self.run(
            "import secretstorage\n"
            "from contextlib import closing\n"
            "with closing(secretstorage.dbus_init()) as bus:\n"
            "    collection = secretstorage.get_default_collection(bus)\n"
            "    collection.lock()\n"
            "    assert collection.is_locked()\n"
        )


def without_a_bus(home: Path) -> dict[str, str]:
    """An environment in which there is no session bus, and a HOME of its own."""
    runtime = home / "run"
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "UNDERSTUDY_HOME": str(home / "understudy"),
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
    }


def python(script: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``script`` in a Python of its own with exactly ``environ``; a failure of it is one of the test."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env=dict(environ),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


@contextmanager
def running(home: Path) -> Iterator[SecretService]:
    """A bus and an unlocked keyring, gone at the end."""
    with session_bus(home) as environ, _keyring(environ) as pid:
        yield SecretService(environ, pid)


@contextmanager
def session_bus(home: Path) -> Iterator[Mapping[str, str]]:
    """A bus without anything on it; gives the environment of who uses it."""
    environ = without_a_bus(home)
    config = home / "bus.conf"
    config.write_text(BUS, encoding="ascii")
    bus = subprocess.Popen(
        ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--print-address=1"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it complains of limits that a container does not let it raise
        text=True,
    )
    try:
        assert bus.stdout is not None
        environ["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
        yield environ
    finally:
        bus.terminate()
        bus.communicate(timeout=60)


@contextmanager
def _keyring(environ: Mapping[str, str]) -> Iterator[int]:
    daemon = subprocess.Popen(
        ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
        env=dict(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert daemon.stdin is not None
        assert daemon.stdout is not None
        daemon.stdin.write(b"a password of the test's own\n")
        daemon.stdin.close()
        daemon.stdout.readline()  # it says where it listens once it does
        yield daemon.pid
    finally:
        psutil.Process(daemon.pid).resume()  # a test may have stopped it
        daemon.terminate()
        daemon.wait(timeout=60)
        if daemon.stdout is not None:
            daemon.stdout.close()


@pytest.fixture
def secret_service(tmp_path: Path) -> Iterator[SecretService]:
    """A running, unlocked Secret Service; the test is skipped where none is installed, and fails in CI."""
    need()
    with running(tmp_path / "home") as service:
        yield service


def need() -> None:
    """Skip the test where no Secret Service is installed; in CI, fail it."""
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"{' and '.join(missing)} must be installed here")
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed")
