"""What a start decides before Qt is loaded, and what it loads at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.platform.display_check import has_display
from tests.support.evil import evil_socket

ROOT = Path(__file__).resolve().parents[3]

HEAVY = ("litellm", "openai", "tiktoken", "numpy", "pandas", "rich", "typer", "aiohttp")
SERVER = ("fastapi", "uvicorn", "starlette", "pydantic")

START = """
import json, sys
from PySide6.QtCore import QTimer
import app.desktop as desktop
from app.state.app_state import Phase
told = {}
shown = desktop.Desktop.begin
def begin(self):
    shown(self)
    told["window"] = sorted(sys.modules)
desktop.Desktop.begin = begin
show = desktop.Desktop._show
def look(self, before, after):
    show(self, before, after)
    if after.proxy.phase is Phase.RUNNING and after.token.last_four:
        told["running"] = sorted(sys.modules)
        QTimer.singleShot(0, self._application.quit)
desktop.Desktop._show = look
from app.process import run
code = run()
print(json.dumps(told))
sys.exit(code)
"""


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "UNDERSTUDY_HOME": str(home / "understudy"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "PORT": "0",
        **more,
    }


def python(*arguments: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=dict(environ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_nothing_heavy_is_loaded_and_the_server_only_behind_the_window(tmp_path: Path) -> None:
    done = python("-c", START, environ=environment(tmp_path, QT_QPA_PLATFORM="offscreen", BIG_MODEL="demo/instant"))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert "PySide6.QtWidgets" in told["window"]
    assert "fastapi" in told["running"], "or this test looks at nothing"
    assert [name for name in (*HEAVY, *SERVER) if name in told["window"]] == []
    assert [
        name for name in ("litellm", "numpy", "pandas", "rich", "typer", "tiktoken") if name in told["running"]
    ] == []


def test_arguments_are_the_command_lines_and_load_no_qt(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from app.main import start\n"
        "code = start(['--version'])\n"
        "assert not [name for name in sys.modules if name.startswith('PySide6')]\n"
        "sys.exit(code)\n"
    )
    done = python("-c", script, environ=environment(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("understudy ")


def test_the_desktop_knows_the_app_by_its_name_and_its_picture(tmp_path: Path) -> None:
    script = (
        "from app.process import application\n"
        "from PySide6.QtGui import QGuiApplication\n"
        "made = application()\n"
        "assert QGuiApplication.desktopFileName() == 'understudy'\n"
        "sizes = {size.width() for size in made.windowIcon().availableSizes()}\n"
        "assert {16, 32, 48, 256} <= sizes, sizes\n"
        "picture = made.windowIcon().pixmap(48).toImage()\n"
        "assert len({picture.pixel(x, 24) for x in range(picture.width())}) > 2, 'it is empty'\n"
    )
    done = python("-c", script, environ=environment(tmp_path, QT_QPA_PLATFORM="offscreen"))
    assert done.returncode == 0, done.stderr


def test_without_a_screen_it_says_what_can_be_done_instead(tmp_path: Path) -> None:
    done = python("-m", "app", environ=environment(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "understudy serve" in done.stdout


def test_settings_that_make_no_sense_are_told_in_a_sentence(tmp_path: Path) -> None:
    script = (
        "import app.process as process\n"
        "said = []\n"
        "process.QMessageBox.critical = lambda *told: said.append(told[-1])\n"
        "code = process.run()\n"
        "assert 'PORT' in said[0], said\n"
        "raise SystemExit(code)\n"
    )
    done = python("-c", script, environ=environment(tmp_path, QT_QPA_PLATFORM="offscreen", PORT="many"))
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("understudy: PORT is 'many'")
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="where a session always has a screen")
class TestScreen:
    @pytest.mark.parametrize(
        "environ",
        [
            {},
            {"DISPLAY": ""},
            {"DISPLAY": "nonsense"},
            {"DISPLAY": ":59999"},
            {"WAYLAND_DISPLAY": "wayland-7", "XDG_RUNTIME_DIR": "/nowhere"},
            {"DISPLAY": "127.0.0.1:59000"},
        ],
    )
    def test_there_is_none_where_nobody_answers(self, environ: dict[str, str]) -> None:
        assert not has_display(environ)

    def test_there_is_one_where_a_server_answers(self, tmp_path: Path) -> None:
        with evil_socket(tmp_path / "wayland-0"):
            assert has_display({"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)})
            assert has_display({"WAYLAND_DISPLAY": str(tmp_path / "wayland-0")})

    def test_a_platform_without_a_screen_needs_none(self) -> None:
        assert has_display({"QT_QPA_PLATFORM": "offscreen"})
