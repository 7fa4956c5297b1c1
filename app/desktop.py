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
from app.bridge import Bridge
from app.controller import Controller, Services
from app.i18n import languages
from app.platform.autostart import autostart, own_command
from app.platform.crash_reports import Reports
from app.platform.garbage import Garbage
from app.platform.notifications import NotificationFilter, notes, of_budget
from app.platform.signals import Signals
from app.services.catalogue_search import CatalogueSearch
from app.services.context import ServiceContext, WorkerQueues
from app.services.desktop_service import DesktopService
from app.services.key_service import KeyService
from app.services.launch_service import LaunchService
from app.services.ledger_file_watcher import LedgerFileWatcher
from app.services.ledger_service import LedgerService
from app.services.probe_service import ProbeService
from app.services.proxy_service import ProxyService
from app.services.proxy_thread import ProxyThread
from app.services.query_service import QueryService
from app.services.settings_service import SettingsService
from app.services.worker_queue import WorkerQueue
from app.state.app_state import AppState, ProxyView
from app.state.commands import Command
from app.state.events import CrashReportChanged, LedgerWarning, RequestEvents, TrayDetected, WarningRaised
from app.state.state_store import StateStore
from app.state.ui_state import UiState, UiStateStore, load, save
from app.tray.tray import Tray
from app.version import version
from app.widgets.theme import Theme
from app.windows.window_manager import WindowManager
from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.config.key_store import KeyringStore
from proxy_core.config.keys import Keys
from proxy_core.config.paths import Paths
from proxy_core.launch.installed import INSTALL
from proxy_core.ledger.budget import Crossing
from proxy_core.ledger.pricing import price_of
from proxy_core.ledger.request_events import Broadcast, Finished, RequestEvent, RequestRecord
from proxy_core.ledger.store import LedgerFile
from proxy_core.server.instance_file import is_alive
from proxy_core.server.listening import ListenAddress
from proxy_core.server.runtime import Options
from proxy_core.server.runtime import ProxyRuntime as ProxyHouse
from proxy_core.server.settings_snapshot import SettingsSnapshot, open_settings

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
        self._queues = _queues(self._bridge, reports)
        models, store = ModelCatalogue(), KeyringStore()
        keys = Keys(environ, {}, store, patience=_KEYRING_WAIT)
        self._settings = settings = open_settings(
            places.settings_file,
            environ,
            models,
            lambda trouble: self._bridge.post(lambda: self._store.apply(WarningRaised(trouble))),
        )
        self._ledger_file = LedgerFile(
            places.ledger_file,
            log=lambda: settings.current.settings.log,
            price=self._price,
            secrets=keys.seen,
            report=lambda sentence: self._bridge.post(lambda: self._store.apply(LedgerWarning(sentence))),
            is_alive=is_alive,
        )
        self._audience = Broadcast(self._ledger_file, self._bridge)
        self._proxy = ProxyHouse(
            Options(
                places,
                environ,
                store,
                self._audience,
                settings=settings,
                keys=keys,
                crossed=lambda crossing: self._bridge.post(lambda: self._crossed(crossing)),
            )
        )
        choice = settings.current
        languages.speak(application, choice.settings.general.language)
        self._memory = memory = UiStateStore(load(places.remembered_file), self._keep)
        state = _first_state(choice, memory.now)
        self._store = StateStore(state, self._show, _after)
        self._theme = Theme(application, choice.settings.general.appearance)
        self._catalogue = CatalogueSearch(models, choice.settings.providers)
        self._screens = WindowManager(
            self._theme,
            self._catalogue,
            state,
            memory,
        )
        self._context = ServiceContext(
            self._store, self._screens, self._queues, places, environ, home, self._proxy.keys, settings
        )
        self._do = self._doings(memory, environ, home)
        self._controller = Controller(self._context, self._do, memory)
        self._tray = Tray(application)
        self._notices = NotificationFilter(time.monotonic)
        self._signals = Signals(application.quit, application)
        self._others_wrote = LedgerFileWatcher(places.ledger_file)
        self._beat = QTimer(application)
        self._connect()

    def begin(self) -> None:
        """Show what is to be shown, and start what is to be started."""
        self._reports.watch(lambda path: self._bridge.post(lambda: self._store.apply(CrashReportChanged(path))))
        self._store.apply(CrashReportChanged(self._reports.latest()))
        general = self._settings.current.settings.general
        self._proxy.budget.begin()  # before the proxy does: what was spent is shown while none runs, too
        self._join_tray()
        if general.start_proxy:
            self._do.proxy.start()
        if general.start_hidden and not self._context.store.state.first_run:
            if not self._tray.is_there:
                QTimer.singleShot(LATE_TRAY, self._application, self._show_without_tray)
        else:
            self._screens.show_watch()
        self._beat.start(BEAT)
        QTimer.singleShot(0, self._application, self._look_around)

    def take(self, command: Command) -> None:
        """A wish from outside the windows."""
        self._controller.take(command)

    def tell_trouble(self, sentence: str) -> None:
        """Something that does not work in this run, for every window to show."""
        self._store.apply(WarningRaised(sentence))

    def add_window(self, name: str, window: QWidget) -> None:
        """One more window beside our own; it is one as ``app.windows.window_manager.Window`` has it."""
        self._screens.add(name, window)

    def _doings(self, memory: UiStateStore, environ: Mapping[str, str], home: Path) -> Services:
        context = self._context
        self._thread = ProxyThread(self._proxy.make_service, self._bridge.stand, self._fault)
        proxy = ProxyService(context, self._thread, version())
        at_login = autostart(environ, home, own_command(sys.argv[0], sys.executable))
        keeping = self._ledger_file
        ledger = self._places.ledger_file
        reading = QueryService(context, ledger, _after, lambda: keeping.state.sentence, self._proxy.budget)
        return Services(
            proxy=proxy,
            settings=SettingsService(context, self._bridge.post, at_login, self._settings_changed),
            keys=KeyService(context),
            trying=ProbeService(context, self._bridge.post),
            launching=LaunchService(context, memory),
            reading=reading,
            ledger=LedgerService(context, self._ledger_file, self._beside, self._audience, reading.sum_now),
            opening=DesktopService(context, self._reports, version(), _LICENCES),
        )

    def _beside(self) -> ProxyHouse:
        """A proxy that is neither served nor heard, for what goes through its parts beside the one that is."""
        return ProxyHouse(
            Options(
                self._places,
                self._context.environ,
                KeyringStore(),
                Broadcast(),
                settings=self._settings,
                keys=self._proxy.keys,
            )
        )

    def _connect(self) -> None:
        application = self._application
        self._bridge.told.connect(self._told)
        self._bridge.stands.connect(self._do.proxy.on_event)
        self._screens.command_requested.connect(self._controller.take)
        self._tray.command_requested.connect(self._controller.take)
        application.aboutToQuit.connect(self.end)
        application.commitDataRequest.connect(_commit)
        self._beat.timeout.connect(self._look_again)

    def _look_around(self) -> None:
        """What takes its time and is not needed for the first picture."""
        self._thread.go()
        self._queues.calls.run(self._catalogue.read)
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
        self._store.apply(TrayDetected(joined))
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

    def _told(self, events: tuple[RequestEvent, ...]) -> None:
        self._others_wrote.we_wrote()
        self._store.apply(RequestEvents(events))
        if any(isinstance(one, Finished) for one in events):
            self._do.reading.sum_soon()

    def _settings_changed(self, before: SettingsSnapshot, after: SettingsSnapshot) -> None:
        self._catalogue.follow(after.settings.providers)
        self._controller.settings_changed(before, after)

    def _crossed(self, crossing: Crossing) -> None:
        self._do.reading.sum_soon()
        if self._settings.current.settings.general.notifications:
            for note in self._notices.due((of_budget(crossing),)):
                self._tray.notify(note)

    def _fault(self, place: str) -> None:
        self._bridge.post(lambda: self._do.proxy.fault(place))

    def _price(self, record: RequestRecord) -> tuple[float, bool] | None:
        choice = self._settings.current
        cost = price_of(record, choice.known, choice.settings)
        return None if cost is None else (cost.usd, cost.estimated)

    def _keep(self, remembered: UiState) -> None:
        self._queues.settings.run(lambda: _written(self._places, remembered))

    def end(self) -> None:
        """Qt is about to go: windows away, streams told, the ledger written; within two seconds."""
        self._beat.stop()
        self._screens.close()
        self._tray.leave()
        self._application.processEvents()
        self._bridge.close()
        self._store.close()
        self._do.proxy.end(GRACE)
        self._do.reading.close()
        self._queues.close()
        _written(self._places, self._memory.now)
        self._ledger_file.close(0.5)
        self._signals.close()
        self._reports.rest()
        self._garbage.end()


def _queues(bridge: Bridge, reports: Reports) -> WorkerQueues:
    def queue(name: str, threads: int = 1) -> WorkerQueue:
        return WorkerQueue(name, bridge.post, reports.keep, threads=threads)

    return WorkerQueues(queue("starting"), queue("settings"), queue("keys"), queue("reading"), queue("calls", 4))


def _first_state(choice: SettingsSnapshot, remembered: UiState) -> AppState:
    proxy = choice.settings.proxy
    return AppState(
        configuration=choice.configuration,
        proxy=ProxyView(address=ListenAddress(proxy.host, proxy.port).url),
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


def _written(places: Paths, remembered: UiState) -> None:
    try:
        save(places.remembered_file, remembered)
    except OSError:  # where a window stood is not worth a complaint
        return
