"""Which launches still run: told by their processes, not mistaken for later ones of the same number."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from proxy_core.config.local_token import LAUNCH_SECONDS
from proxy_core.launch.launch_records import LaunchRecords, begin, end, prepare


def has_ended(path: Path) -> bool:
    return LaunchRecords(path.parent).ended(path.name)


def _gone() -> int:
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    return int(done.stdout)


def test_a_launch_runs_while_one_of_its_processes_lives(tmp_path: Path) -> None:
    path = tmp_path / "launches" / "l1"
    begin(path, os.getpid(), _gone())
    assert not has_ended(path)
    end(path)
    assert has_ended(path)


def test_one_that_crashed_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "l1"
    begin(path, _gone())
    assert has_ended(path)


def test_a_later_process_of_the_same_number_is_another(tmp_path: Path) -> None:
    path = tmp_path / "l1"
    began = psutil.Process().create_time()
    path.write_text(f"{os.getpid()} {int(began) + 1}\n")
    assert not has_ended(path)
    path.write_text(f"{os.getpid()} {int(began) - 60}\n")
    assert has_ended(path)


def test_a_process_that_was_found_stays_the_one_when_the_clock_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launches = LaunchRecords(tmp_path)
    begin(tmp_path / "l1", os.getpid())
    assert not launches.ended("l1")
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: time.time() + 3600)
    assert not launches.ended("l1")


@pytest.mark.parametrize("line", ["{pid}", "{pid} (a) b) S 1 2 3", "{pid} (sh) S 1"])
def test_a_record_of_the_first_version_goes_by_the_number(line: str, tmp_path: Path) -> None:
    path = tmp_path / "l1"
    path.write_text(line.format(pid=os.getpid()))
    assert not has_ended(path)
    path.write_text(line.format(pid=_gone()))
    assert has_ended(path)


@pytest.mark.parametrize("content", ["", "\xff", "x y\n", "-1\n", "0\n", "99999999999999999999 1\n"])
def test_what_is_no_record_is_survived(tmp_path: Path, content: str) -> None:
    path = tmp_path / "l1"
    path.write_text(content, "latin-1")
    assert has_ended(path) is bool(content)
    assert not has_ended(tmp_path / "never-written")


def test_a_record_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "launches" / "l1"
    begin(path, os.getpid())
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_written_stops_no_launch(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    begin(tmp_path / "file" / "l1", os.getpid())
    end(tmp_path / "file" / "l1")
    assert (tmp_path / "file").read_text() == ""
    assert not has_ended(tmp_path / "file" / "l1")


def test_records_whose_tokens_have_ended_are_swept(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for path in (old, new):
        begin(path, os.getpid())
    os.utime(old, (time.time() - LAUNCH_SECONDS - 1,) * 2)
    prepare(new)
    assert list(tmp_path.iterdir()) == [new]


def test_the_proxy_hears_of_an_end_at_once(tmp_path: Path) -> None:
    records = LaunchRecords(tmp_path)
    begin(tmp_path / "l1", os.getpid())
    assert not records.ended("l1")
    end(tmp_path / "l1")
    assert records.ended("l1")
    assert not records.ended("l2")
