"""What leaves the app for the rest of the desktop: only what may, and said where there is nothing to open."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot

from app import desktop
from app.services.update_check import Release
from app.state.commands import CheckForUpdates, OpenLicences, OpenLink
from tests.app.core.real_app import running

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise")  # of the platform without a screen


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the system was asked to open."""
    urls: list[str] = []

    def open_url(url: QUrl) -> bool:
        urls.append(url.toString())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    return urls


def test_the_licences_of_a_package_are_opened(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[str]
) -> None:
    text = tmp_path / "licences.txt"
    text.write_text("Each under its own.\n")
    monkeypatch.setattr(desktop, "_LICENCES", text)
    with running(qtbot, tmp_path) as app:
        app.command(OpenLicences())
        assert opened == [text.as_uri()]


def test_where_there_is_no_package_it_is_said(qtbot: QtBot, tmp_path: Path, opened: list[str]) -> None:
    with running(qtbot, tmp_path) as app:
        app.command(OpenLicences())
        app.until(lambda state: "MIT" in state.said)
    assert opened == []


def test_a_link_that_is_no_page_is_not_opened(qtbot: QtBot, tmp_path: Path, opened: list[str]) -> None:
    with running(qtbot, tmp_path) as app:
        for url in ("file:///etc/passwd", "https://example.org/keys"):
            app.command(OpenLink(url))
    assert opened == ["https://example.org/keys"]


def test_a_newer_version_is_shown(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "app.services.update_check.latest", lambda current, policy: Release("9.9.9", "https://example.org/")
    )
    with running(qtbot, tmp_path) as app:
        app.command(CheckForUpdates())
        assert app.until(lambda state: state.newer_version).newer_version == "9.9.9"
        app.until(lambda state: "9.9.9" in state.said)
