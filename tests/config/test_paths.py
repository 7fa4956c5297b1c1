"""Where files live, with and without a folder of the user's choice."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from proxy_core.config import paths


def test_one_folder_holds_everything(tmp_path: Path) -> None:
    found = paths.find({"UNDERSTUDY_HOME": str(tmp_path)})
    every = [
        found.settings_file,
        found.state_dir,
        found.data_dir,
        found.log_dir,
        found.ledger_file,
        found.runtime_file,
    ]
    assert all(path.is_relative_to(tmp_path) and path != tmp_path for path in every)
    assert len(set(every)) == len(every)
    assert not list(tmp_path.iterdir())


def test_a_relative_folder_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert paths.find({"UNDERSTUDY_HOME": "here"}).settings_file == tmp_path / "here" / "settings.toml"


@pytest.mark.skipif(sys.platform != "linux", reason="the XDG folders are Linux's")
@pytest.mark.parametrize("environ", [{}, {"UNDERSTUDY_HOME": " "}])
def test_otherwise_the_platform_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> None:
    for variable, folder in (("CONFIG", "c"), ("STATE", "s"), ("DATA", "d")):
        monkeypatch.setenv(f"XDG_{variable}_HOME", str(tmp_path / folder))
    found = paths.find(environ)
    assert found.settings_file == tmp_path / "c" / "understudy" / "settings.toml"
    assert found.runtime_file == tmp_path / "s" / "understudy" / "runtime.json"
    assert found.data_dir == tmp_path / "d" / "understudy"
    assert found.log_dir.is_relative_to(tmp_path / "s" / "understudy")


def test_a_private_folder_is_its_owners(tmp_path: Path) -> None:
    folder = paths.private_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert paths.private_folder(folder) == folder
