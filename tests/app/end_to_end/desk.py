"""A desktop with a screen, a bus, a keyring and a tray, and the app as a process of its own on it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from tests.app.end_to_end.tray_host import TrayHost
from tests.support.display import Display
from tests.support.secret_service import SecretService

ROOT: Final = Path(__file__).resolve().parents[3]
TOKEN: Final = "us-test-0123456789abcdef"
SECONDS: Final = 60.0
"""Until something is taken for not coming: what is measured has limits of its own."""

DEMO: Final = '[profiles.Default]\nbig = "demo/{0}"\nsmall = "demo/{0}"\nthinker = "demo/{0}"\n'

Found = TypeVar("Found")


@dataclass
class Desk:
    """``app`` starts the app; ``home`` is its UNDERSTUDY_HOME, ``environ`` what a program on this desktop has."""

    home: Path
    environ: Mapping[str, str]
    bus: str
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def settings(self, text: str) -> None:
        """What the settings file says."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "settings.toml").write_text(text)

    def after_first_run(self, folder: Path | None = None) -> None:
        """As somebody has it who has been through first run, and has chosen ``folder``."""
        state = self.home / "state"
        state.mkdir(parents=True, exist_ok=True)
        chosen = str(folder) if folder else ""
        told = {"first_run_over": True, "folder": chosen, "recent": [chosen] if chosen else []}
        (state / "desktop.json").write_text(json.dumps(told))

    def app(self, **variables: str) -> subprocess.Popen[str]:
        """The app, with a free port unless it is told another."""
        environ = {**self.environ, "PORT": "0", "UNDERSTUDY_TOKEN": TOKEN, **variables}
        environ = {name: value for name, value in environ.items() if value}
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "app"],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def windows(self, title: str = "Understudy") -> list[str]:
        """The windows with this title that a person sees."""
        found = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", title],
            env=dict(self.environ),
            capture_output=True,
            text=True,
            check=False,
        )
        return found.stdout.split()

    def close(self) -> None:
        """End what still runs; the app itself must have said nothing on its way."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=SECONDS)


@contextmanager
def desk(folder: Path, display: Display, service: SecretService) -> Iterator[Desk]:
    """A desktop whose files are under ``folder``."""
    environ = {**display.environ(service.environ), "QT_QPA_PLATFORM": "xcb", "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
    made = Desk(Path(environ["UNDERSTUDY_HOME"]), environ, environ["DBUS_SESSION_BUS_ADDRESS"])
    made.after_first_run()
    made.settings(DEMO.format("instant"))
    try:
        yield made
    finally:
        made.close()


def until(found: Callable[[], Found], seconds: float = SECONDS) -> Found:
    """What ``found`` gives as soon as it is something. AssertionError when it stays nothing."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.03)
    raise AssertionError(f"nothing after {seconds} s")


def address(host: TrayHost) -> str:
    """Where the proxy answers, as the menu says it."""
    return until(lambda: next((text for text in host.labels() if text.startswith("Running on")), "")).split()[-1]


def health(where: str) -> int | None:
    """The status of ``GET /health``; None where nobody listens."""
    return ask(where, "GET", "/health", None)[0]


def ask(where: str, method: str, path: str, body: Any) -> tuple[int | None, bytes]:
    """One request with the token; the status is None where nobody listens."""
    connection = http.client.HTTPConnection(where, timeout=SECONDS)
    headers = {"x-api-key": TOKEN, "content-type": "application/json", "anthropic-version": "2023-06-01"}
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except ConnectionRefusedError:
        return None, b""
    finally:
        connection.close()


def message(where: str, text: str = "Hello.", **more: Any) -> tuple[int | None, bytes]:
    """A small request of the Messages API."""
    body = {"model": "claude-sonnet-5-5", "max_tokens": 200, "messages": [{"role": "user", "content": text}], **more}
    return ask(where, "POST", "/v1/messages", body)


def ended(process: subprocess.Popen[str]) -> str:
    """What the app printed, after it has ended by itself with 0."""
    out = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 0, out
    return out


SIGNALS: Final = [signal.SIGTERM, signal.SIGINT] if os.name != "nt" else []
