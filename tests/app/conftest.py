"""Widgets are tested without a screen, in one application; what a test made is gone after it."""

from __future__ import annotations

import gc
import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTranslator
from PySide6.QtWidgets import QApplication

from app.i18n.languages import LANGUAGES, speak
from app.widgets.theme import Theme
from app.widgets.theme_sheet import palette, sheet
from proxy_core.config.settings import Appearance
from tests.support import connections


@pytest.fixture(scope="session")
def one_theme(qapp: QApplication) -> Iterator[Theme]:
    """The theme of the one application that all tests share."""
    made = Theme(qapp, Appearance.LIGHT)
    yield made
    made.deleteLater()


@pytest.fixture
def theme(one_theme: Theme, qapp: QApplication) -> Theme:
    """The theme, light to begin with."""
    one_theme.apply(Appearance.LIGHT)
    worn = sheet(one_theme.tokens, one_theme.font("body").pointSizeF(), dark=False)
    if qapp.styleSheet() != worn:  # an app of another test has dressed this application
        qapp.setFont(one_theme.font("body"))
        qapp.setPalette(palette(one_theme.tokens))
        qapp.setStyleSheet(worn)
    return one_theme


@pytest.fixture(params=[Appearance.LIGHT, Appearance.DARK])
def look(request: pytest.FixtureRequest, theme: Theme) -> Iterator[Theme]:
    """The theme, light and dark in turn."""
    theme.apply(request.param)
    yield theme
    theme.apply(Appearance.LIGHT)


@pytest.fixture
def chinese(qapp: QApplication) -> Iterator[str]:
    """The app speaks Chinese."""
    yield from _spoken(qapp, "zh_CN")


@pytest.fixture(params=list(LANGUAGES))
def language(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[str]:
    """Each language of the app in turn; afterwards none is spoken."""
    yield from _spoken(qapp, request.param)


def _spoken(qapp: QApplication, language: str) -> Iterator[str]:
    before = set(qapp.findChildren(QTranslator))
    yield speak(qapp, language)
    for translator in set(qapp.findChildren(QTranslator)) - before:
        qapp.removeTranslator(translator)
        translator.setParent(None)


@pytest.fixture(scope="session", autouse=True)
def _what_was_imported_stays() -> None:
    """Or each test would look through all of it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _nothing_is_left(_what_was_imported_stays: None) -> Iterator[None]:
    """Without an event loop that ends, Qt keeps what is to be deleted; a new style sheet would dress it all again.

    Widgets are collected here, in Qt's thread (:mod:`app.platform.garbage` says why).
    """
    gc.disable()
    yield
    if QCoreApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, int(QEvent.Type.DeferredDelete.value))
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def _every_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield from connections.all_closed(monkeypatch)
