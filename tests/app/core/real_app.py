"""The whole app in the test's own process, on no screen: settings, ledger, lanes and proxy are the real ones."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.desktop import Desktop
from app.platform.crash_reports import Reports
from app.state.app_state import AppState, Phase
from app.state.commands import Command
from app.state.query_results import QueryResult
from proxy_core.config import paths

TOKEN = "us-test-0123456789abcdef"
DEMO = '[profiles.Default]\nbig = "demo/instant"\nsmall = "demo/instant"\nthinker = "demo/instant"\n'

A = TypeVar("A")


class Listening(QWidget):
    """A window that keeps what it is shown and what it hears."""

    command_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.state = AppState()
        self.heard: list[QueryResult] = []

    def show_state(self, state: AppState) -> None:
        self.state = state

    def on_result(self, answer: QueryResult) -> None:
        self.heard.append(answer)


class App:
    """``command`` and then look at ``state``, or wait for an answer."""

    def __init__(self, desktop: Desktop, window: Listening, qtbot: QtBot, home: Path) -> None:
        self.desktop = desktop
        self.window = window
        self.home = home
        self.qtbot = qtbot

    @property
    def state(self) -> AppState:
        return self.window.state

    def command(self, command: Command) -> None:
        self.window.command_requested.emit(command)

    def until(self, holds: Callable[[AppState], object], seconds: float = 60.0) -> AppState:
        """The state as soon as this holds of it."""
        self.qtbot.waitUntil(lambda: bool(holds(self.state)), timeout=round(seconds * 1000))
        return self.state

    def answer(self, kind: type[A], command: Command, seconds: float = 60.0) -> A:
        """The first answer of this kind to a wish."""
        before = len(self.window.heard)
        self.command(command)

        def found() -> list[A]:
            return [answer for answer in self.window.heard[before:] if isinstance(answer, kind)]

        self.qtbot.waitUntil(lambda: bool(found()), timeout=round(seconds * 1000))
        return found()[0]

    def ask(self, text: str = "Hello.", model: str = "claude-sonnet-5-5", **headers: str) -> tuple[int, dict[str, Any]]:
        """A request to the proxy that runs, from another thread, while Qt goes on."""
        body = {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": text}]}
        got: list[tuple[int, dict[str, Any]]] = []
        where = self.state.proxy.address.partition("//")[2]

        def send() -> None:
            connection = http.client.HTTPConnection(where, timeout=20)
            given = {"x-api-key": TOKEN, "content-type": "application/json", "anthropic-version": "2023-06-01"}
            connection.request("POST", "/v1/messages", json.dumps(body), {**given, **headers})
            answer = connection.getresponse()
            got.append((answer.status, json.loads(answer.read())))
            connection.close()

        thread = threading.Thread(target=send)
        thread.start()
        self.qtbot.waitUntil(lambda: bool(got), timeout=60_000)
        thread.join()
        return got[0]


@contextmanager
def running(
    qtbot: QtBot,
    folder: Path,
    settings: str = DEMO,
    environ: Mapping[str, str] | None = None,
    *,
    first_run: bool = False,
    geometry: Mapping[str, str] | None = None,
    before: Callable[[], None] = lambda: None,
) -> Iterator[App]:
    """The app with these settings, its proxy answering. ``before`` is called when its home is there."""
    home = folder / "understudy"
    (home / "state").mkdir(parents=True)
    (home / "settings.toml").write_text(settings)
    (home / "state" / "desktop.json").write_text(
        json.dumps({"first_run_over": not first_run, "geometry": geometry or {}})
    )
    before()
    given = {
        "UNDERSTUDY_HOME": str(home),
        "UNDERSTUDY_TOKEN": TOKEN,
        "PORT": "0",
        "PATH": "/usr/bin:/bin",
        **(environ or {}),
    }
    places = paths.find(given)
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    desktop = Desktop(application, places, given, folder, reports=Reports(places.reports_dir))
    window = Listening()
    desktop.add_window("listening", window)
    desktop.begin()
    app = App(desktop, window, qtbot, home)
    try:
        app.until(lambda state: state.proxy.phase is Phase.RUNNING)
        yield app
        assert not list(places.reports_dir.glob("crash-*")), "a fault of our own"
    finally:
        application.aboutToQuit.disconnect(desktop.end)
        desktop.end()
        window.deleteLater()


@contextmanager
def provider(models: tuple[str, ...], status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A provider's model list on loopback: its base URL, and the keys it was shown."""
    keys: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys.append(self.headers.get("Authorization", ""))
            body = json.dumps({"data": [{"id": model} for model in models]}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1", keys
        finally:
            server.shutdown()
            thread.join()
