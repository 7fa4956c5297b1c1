"""Draw every window, in both themes, into ``docs/screenshots``: for the README, and to review changes.

Run it in the project's environment; it needs no display and none of your data::

    .venv/bin/python resources/screenshots.py

The fonts are Inter and JetBrains Mono (Debian: ``fonts-inter fonts-jetbrains-mono``), for Chinese Noto Sans CJK
(``fonts-noto-cjk``). All data is invented (``resources/scene.py``, ``resources/scene_ledger.py``), its time included,
so that an image changes only if the app does. The tray menu is drawn as the app's own menu; desktops have their own
style.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication, QMenu, QScrollArea, QWidget

from app.i18n.languages import speak
from app.services.catalogue_search import CatalogueSearch
from app.state.app_state import AppState, CheckVerdict, ProviderCheck, Trouble
from app.state.commands import Command
from app.state.query_results import FirstRequestProgress
from app.tray.tray import Tray
from app.widgets.theme import Theme
from app.windows.first_run.window import FirstRunWindow
from app.windows.settings.models_page import ModelsPage
from app.windows.settings.window import SettingsWindow
from app.windows.watch.window import WatchWindow
from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.config.secret import Secret
from proxy_core.config.settings import Appearance, Configuration, Profile, Role
from proxy_core.ledger.rows import Filter
from proxy_core.messages import Message
from resources.few_colours import few_colours
from resources.scene import HOME, NOW, SETTINGS, first_run_state, settings_state
from resources.scene_ledger import SceneLedger

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "screenshots"
SIZE, SMALL = (1300, 800), (900, 600)
FONTS = ("Inter", "JetBrains Mono")
CHINESE = "Noto Sans CJK SC"


def main() -> int:
    """Draw all windows; return 1 if a font is missing."""
    os.environ |= {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": "2", "TZ": "UTC", "HOME": HOME}
    if sys.platform != "win32":
        time.tzset()
    application = QApplication(sys.argv[:1])
    if missing := [font for font in FONTS if font not in QFontDatabase.families()]:
        print(f"Not installed: {', '.join(missing)} (Debian: fonts-inter fonts-jetbrains-mono).")
        return 1
    QFont.insertSubstitution(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family(), FONTS[1])
    application.setFont(QFont(FONTS[0], 10))
    application.setCursorFlashTime(0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    _draw(application)
    return 0


def _draw(application: QApplication) -> None:
    speak(application, "en")
    theme = Theme(application, Appearance.LIGHT)
    catalogue = CatalogueSearch(ModelCatalogue(), SETTINGS.providers)
    catalogue.read()
    for appearance, ending in ((Appearance.LIGHT, ""), (Appearance.DARK, "-dark")):
        theme.apply(appearance)
        for pictures in (_watch, _settings, _first_run, _tray):
            for name, widget in pictures(theme, catalogue):
                _keep(application, widget, f"{name}{ending}")
    if CHINESE not in QFontDatabase.families():
        print(f"{CHINESE} is not installed (Debian: fonts-noto-cjk): the Chinese window is left as it was.")
        return
    theme.apply(Appearance.LIGHT)
    speak(application, "zh_CN")
    application.setFont(QFont([FONTS[0], CHINESE], 10))
    window = _window(theme, catalogue, SceneLedger(NOW))
    _keep(application, window, "requests-zh")
    window.close()


def _keep(application: QApplication, widget: QWidget, name: str) -> None:
    _settle(application)
    file = FOLDER / f"{name}.png"
    if not few_colours(widget.grab().toImage()).save(str(file), quality=0):
        raise OSError(f"{file} cannot be written.")
    print(file.relative_to(FOLDER.parents[1]))


def _watch(theme: Theme, catalogue: CatalogueSearch) -> Iterator[tuple[str, QWidget]]:
    """Yield requests with and without details, large and small, sessions, usage, and the window before its first
    request.
    """
    ledger = SceneLedger(NOW)
    window = _window(theme, catalogue, ledger)
    yield "requests", window
    window.show_requests(Filter(), ledger.rows[1].record.id)
    yield "details", window
    window.resize(*SMALL)
    yield "details-small", window
    window.resize(*SIZE)
    for page in ("sessions", "usage"):
        window.open_page(page)
        yield page, window
    window.close()
    empty = _window(theme, catalogue, SceneLedger(NOW, 0))
    state = ledger.state()
    bare = AppState(proxy=state.proxy, folder=state.folder, claude_installed=True, has_tray=True)
    empty.show_state(bare)
    yield "empty", empty
    empty.close()


def _window(theme: Theme, catalogue: CatalogueSearch, ledger: SceneLedger) -> WatchWindow:
    window = WatchWindow(theme, catalogue, lambda: NOW)
    _let_answer(ledger, window)
    window.resize(*SIZE)
    window.show_state(ledger.state())
    window.show()
    return window


def _let_answer(ledger: SceneLedger, window: WatchWindow) -> None:
    """Answer the window's queries from ``ledger``."""

    def on_result(command: Command) -> None:
        if (answer := ledger.answer(command)) is not None:
            window.on_result(answer)

    window.command_requested.connect(on_result)


def _settings(theme: Theme, catalogue: CatalogueSearch) -> Iterator[tuple[str, QWidget]]:
    """Yield every page, and the model picker with its list open."""
    window = SettingsWindow(theme, catalogue)
    window.resize(1100, 800)
    window.show_state(settings_state())
    window.show()
    window.setFocus()
    for page in ("models", "profiles", "general", "proxy", "log", "terminal", "about"):
        window.open_page(page)
        yield f"settings-{page}", window
        window.show_state(replace(settings_state(), said=""))  # as it is once the note "Saved." has gone
    window.open_page("models")
    page_ = window.page("models")
    assert isinstance(page_, ModelsPage)
    bar = next(area for area in window.findChildren(QScrollArea) if area.widget() is page_).verticalScrollBar()
    bar.setValue(bar.maximum())
    yield "settings-providers", window
    bar.setValue(0)
    picker = page_.roles.rows[Role.THINKER].picker
    picker.setFocus()
    picker.insert("gemini pro")
    picker.setModified(True)
    picker.open_list()
    yield "picker", window
    window.close()


def _first_run(theme: Theme, catalogue: CatalogueSearch) -> Iterator[tuple[str, QWidget]]:
    """Yield the three steps."""
    window = FirstRunWindow(theme, catalogue)
    state = first_run_state()
    window.show_state(state)
    window.show()
    window.key_step.key.setText("sk-proj-0123456789abcdef")
    yield "first-run-1", window
    window.go_on()
    good = ProviderCheck(CheckVerdict.GOOD, at=1.0, models=94)
    window.show_state(replace(state, checks={"openai": good}))
    assert Secret("") == Secret(window.key_step.key.text())
    window.roles_step.rows[Role.BIG].picker.clearFocus()
    yield "first-run-2", window
    chosen = window.roles_step.chosen
    kept = replace(state.settings, profiles={state.settings.profile: Profile(chosen)})
    window.go_on()
    window.show_state(replace(state, configuration=Configuration(kept), roles=chosen))
    said = (
        "Hello! I am standing in for Claude today. Tell me what you want to build, and I will read, write and run it."
    )
    told = "openai/gpt-4.1 answered in 1.2 s, for $0.0004."
    window.on_result(FirstRequestProgress(said, ended=True, good=True, sentence=told))
    yield "first-run-3", window
    window.close()


def _tray(theme: Theme, catalogue: CatalogueSearch) -> Iterator[tuple[str, QWidget]]:  # noqa: ARG001
    """Yield the tray's menu."""
    tray = Tray()
    trouble = Trouble(Message("provider.key_refused", name="OpenAI", status="401", provider="openai"), NOW - 200.0)
    tray.show_state(replace(SceneLedger(NOW).state(), trouble=trouble))
    menu: QMenu = tray.menu
    menu.popup(menu.pos())
    yield "tray-menu", menu
    menu.close()


def _settle(application: QApplication) -> None:
    """Wait until layouts are final and workers have answered."""
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        application.sendPostedEvents()
        application.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
