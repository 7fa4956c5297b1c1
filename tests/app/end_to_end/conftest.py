"""The desktop that each of these tests has for itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.end_to_end.desk import Desk, desk
from tests.app.end_to_end.tray_host import NotificationHost, TrayHost
from tests.support.display import Display, display
from tests.support.secret_service import SecretService, secret_service

__all__ = ["display", "secret_service"]

NEEDED = ("Xvfb", "xdotool", "dbus-daemon")


@pytest.fixture(name="desk")
def _desk(tmp_path: Path, display: Display, secret_service: SecretService) -> Iterator[Desk]:
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"{' and '.join(missing)} must be installed here")
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed")
    with desk(tmp_path, display, secret_service) as made:
        yield made


@pytest.fixture
def tray(desk: Desk) -> Iterator[TrayHost]:
    """The desktop's tray, there before the app starts."""
    host = TrayHost(desk.bus)
    yield host
    host.close()


@pytest.fixture
def notifications(desk: Desk) -> Iterator[NotificationHost]:
    """The desktop's notifications."""
    host = NotificationHost(desk.bus)
    yield host
    host.close()
