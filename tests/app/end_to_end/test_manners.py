"""How the app behaves among others: one of it, gone when asked to, back after a crash, there without a tray."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time

import pytest

from tests.app.end_to_end.desk import SECONDS, SIGNALS, Desk, address, ended, health, until
from tests.app.end_to_end.tray_host import TrayHost

pytestmark = pytest.mark.desktop


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_it_cleanly(desk: Desk, tray: TrayHost, number: signal.Signals) -> None:
    process = desk.app()
    tray.wait()
    where = address(tray)
    process.send_signal(number)
    assert ended(process) == ""
    assert health(where) is None
    assert not (desk.home / "state" / "runtime.json").exists()


def test_a_second_start_raises_the_first_and_ends(desk: Desk, tray: TrayHost) -> None:
    desk.settings("[general]\nstart_hidden = true\n")
    desk.app()
    tray.wait()
    address(tray)
    assert desk.windows() == []
    second = desk.app()
    assert ended(second) == ""
    until(desk.windows)
    assert len(tray.items) == 1


def test_without_a_tray_the_window_stays_and_a_late_tray_is_joined(desk: Desk) -> None:
    desk.app()
    until(desk.windows)
    late = TrayHost(desk.bus)
    late.wait()
    address(late)
    late.close()


def test_a_hidden_start_without_a_tray_shows_its_window_after_all(desk: Desk) -> None:
    desk.settings("[general]\nstart_hidden = true\n")
    desk.app()
    until(desk.windows, SECONDS)


def test_a_crash_is_offered_by_the_next_start_which_nothing_hinders(desk: Desk, tray: TrayHost) -> None:
    process = desk.app()
    tray.wait()
    address(tray)
    process.send_signal(signal.SIGSEGV)
    process.communicate(timeout=SECONDS)
    assert process.returncode == -signal.SIGSEGV
    again = desk.app()
    until(lambda: len(tray.items) == 2)
    address(tray)
    reports = list((desk.home / "state" / "crashes").glob("crash-*.txt"))
    assert len(reports) == 1
    assert "Segmentation fault" in reports[0].read_text()
    again.terminate()
    assert ended(again) == ""


def test_closing_the_window_keeps_the_app_in_the_tray(desk: Desk, tray: TrayHost) -> None:
    process = desk.app()
    tray.wait()
    where = address(tray)
    (window,) = until(desk.windows)
    close = ["xdotool", "windowfocus", window, "key", "ctrl+w"]
    until(lambda: subprocess.run(close, env=dict(desk.environ), check=False) and not desk.windows())
    assert process.poll() is None
    assert health(where) == 200
    tray.activate()
    until(desk.windows)


def test_a_tray_that_holds_windows_is_a_tray_too(desk: Desk) -> None:
    """XEMBED, as panels without StatusNotifier have it: a hidden start stays hidden, a click on the icon ends that."""
    if shutil.which("trayer") is None:
        pytest.skip("trayer is not installed")
    desk.settings("[general]\nstart_hidden = true\n")
    panel = subprocess.Popen(
        ["trayer", "--edge", "top", "--align", "left", "--widthtype", "pixel", "--width", "24", "--height", "24"],
        env=dict(desk.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(1)
        process = desk.app()
        until((desk.home / "state" / "runtime.json").exists)
        time.sleep(11)  # past the time after which it takes a tray for missing
        assert process.poll() is None
        assert desk.windows() == []
        subprocess.run(["xdotool", "mousemove", "12", "12", "click", "1"], env=dict(desk.environ), check=True)
        until(desk.windows)
    finally:
        panel.terminate()
        panel.wait(SECONDS)
