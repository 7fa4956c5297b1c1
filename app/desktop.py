"""The app put together: from paths and an environment to an icon in the tray, windows, and a proxy in its thread."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtGui import QSessionManager
from PySide6.QtWidgets import QApplication, QWidget

import resources
from app import i18n
from app.autostart import autostart, own_command
from app.bridge import Bridge
from app.catalogue_search import CatalogueSearch
from app.choices import Choice, Choices
from app.controller import Controller, Doings
from app.crash import Reports
from app.doing.keys import KeysDoing
from app.doing.launching import LaunchDoing
from app.doing.ledger import LedgerDoing
from app.doing.opening import OpeningDoing
from app.doing.proxy import ProxyDoing
from app.doing.reading import ReadingDoing
from app.doing.settings import SettingsDoing
from app.doing.tools import Lanes, Tools
from app.doing.trying import TryingDoing
from app.garbage import Garbage
from app.lanes import Lane
from app.news import LedgerSaid, ReportKept, RequestsTold, TrayFound, TroubleFound
from app.notifications import Notices, notes, of_budget
from app.others import OthersWrote
from app.proxy_thread import ProxyThread
from app.remembered import Memory, Remembered, load, save
from app.screens import Screens
from app.signals import Signals
from app.stage import Stage
from app.state import AppState, Proxy
from app.theme import Theme
from app.tray import Tray
from app.version import version
from app.wishes import Wish
from proxy_core.catalogue.models import Models
from proxy_core.config.key_store import KeyringStore
from proxy_core.config.keys import Keys
from proxy_core.config.paths import Paths
from proxy_core.launch.installed import INSTALL
from proxy_core.ledger.budget import Crossing
from proxy_core.ledger.journal import Audience, Ended, News, Story
from proxy_core.ledger.pricing import price_of
from proxy_core.ledger.store import LedgerFile
from proxy_core.runtime.build import Options
from proxy_core.runtime.build import Proxy as ProxyHouse
from proxy_core.runtime.listening import Address
from proxy_core.runtime.presence import is_alive

translate = QCoreApplication.translate

BEAT: Final = 2_000
"""Milliseconds between two looks at what tells nothing of itself: the settings file, a tray that comes late."""

GRACE: Final = 1.0
"""Seconds that answers under way have when the app ends; all of it ends within two."""

_KEYRING_WAIT: Final = 5.0
"""Seconds that the window waits for the keyring before it says that it does not answer, and goes on without it."""

_LICENCES: Final = Path(resources.__file__).with_name("licences.txt")

LATE_TRAY: Final = 10_000
"""Milliseconds that an app which starts hidden waits for a tray, before it shows a window after all."""


class Desktop:
    """Made in the main thread, once. Raises ConfigError where settings or environment make no sense."""

    def __init__(
        self, application: QApplication, places: Paths, environ: Mapping[str, str], home: Path, *, reports: Reports
    ) -> None:
        self._application = application
        self._places = places
        self._reports = reports
        self._garbage = Garbage(application)  # before there is a second thread
        self._bridge = Bridge(application)
        self._lanes = _lanes(self._bridge, reports)
        models, store = Models(), KeyringStore()
        keys = Keys(environ, {}, store, patience=_KEYRING_WAIT)
        self._choices = choices = Choices(places, environ, models)
        self._ledger_file = LedgerFile(
            places.ledger_file,
            log=lambda: choices.latest.settings.log,
            price=self._price,
            secrets=keys.seen,
            report=lambda sentence: self._bridge.post(lambda: self._stage.learn(LedgerSaid(sentence))),
            is_alive=is_alive,
        )
        self._audience = Audience(self._ledger_file, self._bridge)
        self._proxy = ProxyHouse(
            Options(
                places,
                environ,
                store,
                self._audience,
                models=models,
                keys=keys,
                report=lambda trouble: self._bridge.post(lambda: self._stage.learn(TroubleFound(trouble))),
                crossed=lambda crossing: self._bridge.post(lambda: self._crossed(crossing)),
            )
        )
        choice = choices.latest
        i18n.speak(application, choice.settings.general.language)
        self._memory = memory = Memory(load(places.remembered_file), self._keep)
        state = _first_state(choice, memory.now)
        self._stage = Stage(state, self._show, _after)
        self._theme = Theme(application, choice.settings.general.appearance)
        self._catalogue = CatalogueSearch(models, choice.settings.providers)
        self._screens = Screens(
            self._theme,
            self._catalogue,
            state,
            memory,
        )
        self._tools = Tools(self._stage, self._screens, self._lanes, places, environ, home, self._proxy.keys, choice)
        self._do = self._doings(choices, memory, environ, home)
        self._controller = Controller(self._tools, self._do, memory)
        self._tray = Tray(application)
        self._notices = Notices(time.monotonic)
        self._signals = Signals(application.quit, application)
        self._others_wrote = OthersWrote(places.ledger_file)
        self._beat = QTimer(application)
        self._connect()

    def begin(self) -> None:
        """Show what is to be shown, and start what is to be started."""
        self._reports.watch(lambda path: self._bridge.post(lambda: self._stage.learn(ReportKept(path))))
        self._stage.learn(ReportKept(self._reports.latest()))
        general = self._tools.choice.settings.general
        self._proxy.budget.begin()  # before the proxy does: what was spent is shown while none runs, too
        self._join_tray()
        if general.start_proxy:
            self._do.proxy.start()
        if general.start_hidden and not self._tools.stage.state.first_run:
            if not self._tray.is_there:
                QTimer.singleShot(LATE_TRAY, self._application, self._show_without_tray)
        else:
            self._screens.show_watch()
        self._beat.start(BEAT)
        QTimer.singleShot(0, self._application, self._look_around)

    def take(self, wish: Wish) -> None:
        """A wish from outside the windows."""
        self._controller.take(wish)

    def tell_trouble(self, sentence: str) -> None:
        """Something that does not work in this run, for every window to show."""
        self._stage.learn(TroubleFound(sentence))

    def add_window(self, name: str, window: QWidget) -> None:
        """One more window beside our own; it is one as ``app.screens.Window`` has it."""
        self._screens.add(name, window)

    def _doings(self, choices: Choices, memory: Memory, environ: Mapping[str, str], home: Path) -> Doings:
        tools = self._tools
        self._thread = ProxyThread(self._proxy.make_service, self._bridge.stand, self._fault)
        proxy = ProxyDoing(tools, self._thread, version())
        at_login = autostart(environ, home, own_command(sys.argv[0], sys.executable))
        keeping = self._ledger_file
        ledger = self._places.ledger_file
        reading = ReadingDoing(tools, ledger, _after, lambda: keeping.state.sentence, self._proxy.budget)
        return Doings(
            proxy=proxy,
            settings=SettingsDoing(tools, choices, at_login, self._settings_changed),
            keys=KeysDoing(tools),
            trying=TryingDoing(tools, self._bridge.post),
            launching=LaunchDoing(tools, memory),
            reading=reading,
            ledger=LedgerDoing(tools, self._ledger_file, self._beside, self._audience, reading.sum_now),
            opening=OpeningDoing(tools, self._reports, version(), _LICENCES),
        )

    def _beside(self) -> ProxyHouse:
        """A proxy that is neither served nor heard, for what goes through its parts beside the one that is."""
        models, keys = self._proxy.models, self._proxy.keys
        options = Options(self._places, self._tools.environ, KeyringStore(), Audience(), models=models, keys=keys)
        return ProxyHouse(options)

    def _connect(self) -> None:
        application = self._application
        self._bridge.told.connect(self._told)
        self._bridge.stands.connect(self._do.proxy.hear)
        self._screens.wished.connect(self._controller.take)
        self._tray.wished.connect(self._controller.take)
        application.aboutToQuit.connect(self.end)
        application.commitDataRequest.connect(_commit)
        self._beat.timeout.connect(self._look_again)

    def _look_around(self) -> None:
        """What takes its time and is not needed for the first picture."""
        self._thread.go()
        self._lanes.calls.run(self._catalogue.read)
        self._do.reading.sum_now()
        self._do.keys.look()
        self._do.launching.sweep()
        self._do.launching.look()
        self._do.settings.begin()

    def _look_again(self) -> None:
        self._do.settings.look()
        self._do.keys.look_after_unlocking()
        if self._others_wrote.look():
            self._screens.read_newest()
            self._do.reading.sum_soon()
        if not self._tray.is_there:
            self._join_tray()

    def _join_tray(self) -> None:
        joined = self._tray.join()
        self._stage.learn(TrayFound(joined))
        self._application.setQuitOnLastWindowClosed(not joined)

    def _show_without_tray(self) -> None:
        if not self._tray.is_there:
            self._screens.show_watch()

    def _show(self, before: AppState, after: AppState) -> None:
        self._tray.show_state(after)
        self._screens.show_state(after)
        if after.settings.general.notifications:
            for note in self._notices.due(notes(before, after, seen=self._screens.any_visible)):
                self._tray.notify(note)

    def _told(self, news: tuple[News, ...]) -> None:
        self._others_wrote.we_wrote()
        self._stage.learn(RequestsTold(news))
        if any(isinstance(one, Ended) for one in news):
            self._do.reading.sum_soon()

    def _settings_changed(self, before: Choice, after: Choice) -> None:
        self._proxy.look_again()
        self._catalogue.follow(after.settings.providers)
        self._controller.settings_changed(before, after)

    def _crossed(self, crossing: Crossing) -> None:
        self._do.reading.sum_soon()
        if self._tools.choice.settings.general.notifications:
            for note in self._notices.due((of_budget(crossing),)):
                self._tray.notify(note)

    def _fault(self, place: str) -> None:
        self._bridge.post(lambda: self._do.proxy.fault(place))

    def _price(self, story: Story) -> tuple[float, bool] | None:
        choice = self._choices.latest
        cost = price_of(story, choice.known, choice.settings)
        return None if cost is None else (cost.usd, cost.estimated)

    def _keep(self, remembered: Remembered) -> None:
        self._lanes.settings.run(lambda: _written(self._places, remembered))

    def end(self) -> None:
        """Qt is about to go: windows away, streams told, the ledger written; within two seconds."""
        self._beat.stop()
        self._screens.close()
        self._tray.leave()
        self._application.processEvents()
        self._bridge.close()
        self._stage.close()
        self._do.proxy.end(GRACE)
        self._proxy.budget.close()
        self._lanes.close()
        _written(self._places, self._memory.now)
        self._ledger_file.close(0.5)
        self._signals.close()
        self._reports.rest()
        self._garbage.end()


def _lanes(bridge: Bridge, reports: Reports) -> Lanes:
    def lane(name: str, threads: int = 1) -> Lane:
        return Lane(name, bridge.post, reports.keep, threads=threads)

    return Lanes(lane("starting"), lane("settings"), lane("keys"), lane("reading"), lane("calls", 4))


def _first_state(choice: Choice, remembered: Remembered) -> AppState:
    proxy = choice.settings.proxy
    return AppState(
        configuration=choice.configuration,
        proxy=Proxy(address=Address(proxy.host, proxy.port).url),
        roles=choice.roles(),
        folder=remembered.folder,
        recent_folders=remembered.recent,
        troubles=choice.troubles,
        first_run=not remembered.first_run_over,
        version=version(),
        install_command=INSTALL,
    )


def _after(seconds: float, call: Callable[[], None]) -> None:
    QTimer.singleShot(round(seconds * 1000), call)


def _commit(session: QSessionManager) -> None:
    """Nothing is left to be kept, and who logs in again is started by the entry for that, not by the session."""
    session.setRestartHint(QSessionManager.RestartHint.RestartNever)


def _written(places: Paths, remembered: Remembered) -> None:
    try:
        save(places.remembered_file, remembered)
    except OSError:  # where a window stood is not worth a complaint
        return
