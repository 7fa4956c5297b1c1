"""A report of a crash says what kind it was and where, holds nothing that was being handled, and is offered once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.platform.crash_reports import MOST_REPORTS, Reports

SECRET = "sk-live-0123456789abcdef"


def deep(prompt: str) -> None:
    raise ValueError(f"cannot handle {prompt}")


def fault() -> BaseException:
    try:
        try:
            deep(SECRET)
        except ValueError as error:
            raise KeyError(SECRET) from error
    except KeyError as raised:
        return raised
    raise AssertionError


def test_a_report_names_kinds_and_places_and_repeats_no_text(tmp_path: Path) -> None:
    told: list[str] = []
    reports = Reports(tmp_path)
    reports.watch(told.append)
    reports.keep(fault())
    reports.rest()
    text = Path(told[0]).read_text()
    assert SECRET not in text
    assert "cannot handle" not in text
    assert "builtins.ValueError" in text
    assert "in deep" in text
    assert text.index("ValueError") < text.index("KeyError")
    assert str(Path.home()) not in text


def test_a_report_is_offered_until_it_was_looked_at(tmp_path: Path) -> None:
    reports = Reports(tmp_path)
    assert reports.latest() == ""
    reports.keep(fault())
    assert Reports(tmp_path).latest().endswith(".txt")
    Reports(tmp_path).forget()
    assert Reports(tmp_path).latest() == ""


def test_faults_that_nobody_caught_come_here_from_every_thread(tmp_path: Path) -> None:
    told: list[str] = []
    ticks = iter(range(1_000_000_000, 2_000_000_000, 60))
    before = (sys.excepthook, threading.excepthook)
    reports = Reports(tmp_path, clock=lambda: next(ticks))
    reports.watch(told.append)
    try:
        thread = threading.Thread(target=deep, args=(SECRET,))
        thread.start()
        thread.join()
        sys.excepthook(KeyError, KeyError("x"), None)
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    finally:
        reports.rest()
    assert len(set(told)) == 2
    assert (sys.excepthook, threading.excepthook) == before


def test_old_reports_make_room(tmp_path: Path) -> None:
    ticks = iter(range(1_000_000_000, 2_000_000_000, 60))
    reports = Reports(tmp_path, clock=lambda: next(ticks))
    for _ in range(MOST_REPORTS + 5):
        reports.keep(fault())
    assert len(list(tmp_path.glob("crash-*"))) == MOST_REPORTS


@pytest.mark.skipif(os.name == "nt", reason="SIGSEGV cannot be sent there")
def test_a_death_of_the_interpreter_is_offered_by_the_next_start(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from app.platform.crash_reports import Reports\n"
        "Reports(Path(sys.argv[1])).watch(print)\n"
        "os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    died = subprocess.run([sys.executable, "-c", script, str(tmp_path)], timeout=120, check=False)
    assert died.returncode == -signal.SIGSEGV
    report = Path(Reports(tmp_path).latest())
    assert "Segmentation fault" in report.read_text()
    assert not list(tmp_path.glob("fatal-*"))


def test_a_good_end_leaves_nothing(tmp_path: Path) -> None:
    reports = Reports(tmp_path)
    reports.watch(lambda _: None)
    reports.rest()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_no_report_is_no_second_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told: list[str] = []
    reports = Reports(tmp_path / "file")
    reports.keep(fault())
    assert told == []
