"""Several processes that change the settings at the same time: no change is lost, and no temporary file stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from proxy_core.config import atomic_file, settings_file
from proxy_core.config.settings import Price, Settings
from proxy_core.config.settings_file import change, load
from proxy_core.errors import ConfigError

WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from proxy_core.config.settings import Price
from proxy_core.config.settings_file import change

name, path = sys.argv[1], Path(sys.argv[2])
for number in range(15):
    change(path, lambda old: replace(old, prices={**old.prices, f"{name}/{number}": Price(1.0, 2.0)}))
"""


def test_two_processes_lose_no_change_of_each_other(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, name, path], stderr=subprocess.PIPE, text=True)
        for name in ("first", "second")
    ]
    assert [(writer.communicate(timeout=120)[1], writer.returncode) for writer in writers] == [("", 0), ("", 0)]
    kept = {f"{name}/{number}" for name in ("first", "second") for number in range(15)}
    assert set(load(path).settings.prices) == kept


def test_a_lock_that_is_never_given_back_is_an_error_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.toml"
    change(path, lambda _: replace(Settings(), profile="Default"))
    monkeypatch.setattr(settings_file, "LOCK_TIMEOUT", 0.05)
    with (
        FileLock(tmp_path / ".settings.toml.lock"),
        pytest.raises(ConfigError, match="changed by another process"),
    ):
        change(path, lambda old: replace(old, prices={"a/b": Price(1.0, 2.0)}))
    assert load(path).settings == Settings()


def test_an_edit_that_raises_gives_the_lock_back(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"

    def refuse(_: Settings) -> Settings:
        raise ConfigError("No.")

    with pytest.raises(ConfigError, match="No"):
        change(path, refuse)
    assert change(path, lambda old: old).settings == Settings()


def test_what_a_killed_writer_left_is_removed_by_a_later_one(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    abandoned, under_way, other = (
        tmp_path / name for name in (".settings.toml.a1.new", ".settings.toml.b2.new", ".notes.new")
    )
    for file in (abandoned, under_way, other):
        file.write_text("half a fi")
    hours_ago = time.time() - 7200
    os.utime(abandoned, (hours_ago, hours_ago))
    os.utime(other, (hours_ago, hours_ago))
    atomic_file.write(path, b"whole")
    assert sorted(file.name for file in tmp_path.iterdir()) == [".notes.new", ".settings.toml.b2.new", "settings.toml"]
