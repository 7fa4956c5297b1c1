"""The wheel, which ``uv tool install`` and ``uv run`` make of a checkout: all that runs is in it, and it runs alone."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from resources.packaging.bundle import ROOT

RUNS_IT = "from app.main import main; main()"
"""What the console script does."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content, as an installer unpacks it."""
    folder = tmp_path_factory.mktemp("wheel")
    built = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder / "dist")]
    subprocess.run(built, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (folder / "dist").iterdir()
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, home: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with what is installed, in a home of its own and away from the checkout."""
    environ = {**os.environ, "HOME": str(home), "UNDERSTUDY_HOME": str(home / "own"), "PYTHONPATH": str(installed)}
    command = [sys.executable, "-P", "-c", code, *arguments]
    return subprocess.run(command, cwd=home, env=environ, capture_output=True, text=True, timeout=120, check=False)


def test_its_command_is_the_apps_own(installed: Path) -> None:
    (info,) = installed.glob("*.dist-info")
    (script,) = Distribution.at(info).entry_points.select(group="console_scripts")
    assert (script.name, script.value) == ("understudy", "app.main:main")


def test_what_the_app_reads_is_in_it_and_what_only_builds_it_is_not(installed: Path) -> None:
    for kept in ("app/assets/tray/running.svg", "app/assets/pulse.svg", "resources/icons/understudy-128.png"):
        assert (installed / kept).is_file(), kept
    for source in (*(ROOT / "app").rglob("*"), *(ROOT / "proxy_core").rglob("*"), *(ROOT / "resources").glob("*.txt")):
        if source.is_file() and "__pycache__" not in source.parts:
            assert (installed / source.relative_to(ROOT)).is_file(), source
    assert list(installed.glob("resources/translations/*.qm"))
    for left_out in ("resources/packaging", "resources/bootstrap.py", "tests"):
        assert not (installed / left_out).exists(), left_out


def test_it_runs_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    where = run(installed, tmp_path, "import app, proxy_core; print(app.__file__, proxy_core.__file__)").stdout
    assert where.count(str(installed)) == 2, where
    told = run(installed, tmp_path, RUNS_IT, "--version")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("understudy ")


def test_a_whole_round_on_the_demo_model(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, RUNS_IT, "demo", "--client", "built-in", "--pace", "instant")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "→ BIG" in done.stdout
