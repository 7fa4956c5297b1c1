"""Takes every wish and sees that it is done: the one place that knows which doing answers to which wish."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, assert_never

from app.services.context import ServiceContext
from app.services.desktop_service import DesktopService
from app.services.key_service import KeyService
from app.services.launch_service import LaunchService
from app.services.ledger_service import LedgerService
from app.services.probe_service import ProbeService
from app.services.proxy_service import ProxyService
from app.services.query_service import QueryService
from app.services.settings_service import SettingsService
from app.state.commands import (
    ChangeSettings,
    CheckForUpdates,
    CheckProvider,
    ChooseFolder,
    Command,
    CopyAddress,
    CopyAsCurl,
    CopyCommand,
    CopyInstallCommand,
    CopyText,
    CopyToken,
    EndFirstRun,
    Export,
    FindLocalServers,
    ForgetReport,
    LaunchClaudeCode,
    MeasureLog,
    OpenFolder,
    OpenLicences,
    OpenLink,
    OpenReport,
    ProbeRole,
    Quit,
    ReadBodies,
    ReadNames,
    ReadPage,
    ReadSessions,
    ReadUsage,
    RemoveKey,
    RenewToken,
    ReplayRequest,
    SaveProfile,
    SendFirstRequest,
    SetKey,
    SetRole,
    ShowRequests,
    ShowSettings,
    ShowWatch,
    StartProxy,
    StopProxy,
    SwitchProfile,
    Wipe,
)
from app.state.events import FirstRunChanged
from app.state.ui_state import UiStateStore
from proxy_core.config.settings_schema import changed_keys, touches
from proxy_core.server.settings_snapshot import SettingsSnapshot

FIXED_AT_START: Final = ("proxy.host", "proxy.port", "proxy.outgoing_proxy")
"""Settings that a proxy takes when it starts, and keeps."""


@dataclass(frozen=True, slots=True)
class Services:
    """One for each family of wishes."""

    proxy: ProxyService
    settings: SettingsService
    keys: KeyService
    trying: ProbeService
    launching: LaunchService
    reading: QueryService
    ledger: LedgerService
    opening: DesktopService


class Controller:
    """Belongs to Qt's thread. Nothing in here blocks."""

    def __init__(self, context: ServiceContext, doings: Services, memory: UiStateStore) -> None:
        self._context = context
        self._memory = memory
        self._do = doings

    def take(self, command: Command) -> None:
        """Have ``command`` done."""
        match command:
            case StartProxy() | StopProxy() | CopyAddress() | CopyToken() | RenewToken():
                self._about_proxy(command)
            case ChangeSettings() | SwitchProfile() | SaveProfile() | SetRole():
                self._about_settings(command)
            case SetKey(provider, key):
                self._do.keys.set(provider, key)
            case RemoveKey(provider):
                self._do.keys.remove(provider)
            case CheckProvider(provider):
                self._do.keys.check(provider)
            case FindLocalServers():
                self._do.keys.reach()
            case ProbeRole(role):
                self._do.trying.role(role)
            case SendFirstRequest():
                self._do.trying.first_request()
            case EndFirstRun():
                self._end_first_run()
            case ChooseFolder() | LaunchClaudeCode() | CopyCommand() | CopyInstallCommand():
                self._about_launch(command)
            case ReadPage() | ReadBodies() | ReadSessions() | ReadUsage() | ReadNames() | MeasureLog() | CopyAsCurl():
                self._about_reading(command)
            case ReplayRequest() | Export() | Wipe():
                self._about_ledger(command)
            case _:
                self._about_desktop(command)

    def settings_changed(self, before: SettingsSnapshot, after: SettingsSnapshot) -> None:
        """Something else is in force now, whoever changed it: what does not read it at each request follows."""
        changed = changed_keys(before.settings, after.settings)
        if touches(changed, *FIXED_AT_START):
            self._do.proxy.move()
        providers_or_roles = touches(changed, "providers") or before.roles() != after.roles()
        if providers_or_roles:
            self._do.keys.look()
        if providers_or_roles or touches(changed, "budget", "prices"):
            self._do.reading.sum_now()

    def _about_proxy(self, command: StartProxy | StopProxy | CopyAddress | CopyToken | RenewToken) -> None:
        match command:
            case StartProxy(port) if port is not None:
                self._do.settings.set_port(port, self._do.proxy.start)
            case StartProxy():
                self._do.proxy.start()
            case StopProxy():
                self._do.proxy.stop()
            case CopyAddress():
                self._do.proxy.copy_address()
            case CopyToken():
                self._do.proxy.copy_token()
            case RenewToken():
                self._do.keys.renew_token()
            case _:
                assert_never(command)

    def _about_settings(self, command: ChangeSettings | SwitchProfile | SaveProfile | SetRole) -> None:
        match command:
            case ChangeSettings(settings):
                self._do.settings.change(settings)
            case SwitchProfile(name):
                self._do.settings.switch_profile(name)
            case SaveProfile(name, profile, renamed):
                self._do.settings.keep_profile(name, profile, renamed)
            case SetRole(role, model):
                self._do.settings.set_role(role, model)
            case _:
                assert_never(command)

    def _about_launch(self, command: ChooseFolder | LaunchClaudeCode | CopyCommand | CopyInstallCommand) -> None:
        match command:
            case ChooseFolder(folder):
                self._do.launching.choose(folder)
            case LaunchClaudeCode(folder, profile, anyway):
                self._do.launching.launch(folder, profile, anyway=anyway)
            case CopyCommand(shell):
                self._do.launching.copy_command(shell)
            case CopyInstallCommand():
                self._do.launching.copy_install()
            case _:
                assert_never(command)

    def _about_reading(
        self, command: ReadPage | ReadBodies | ReadSessions | ReadUsage | ReadNames | MeasureLog | CopyAsCurl
    ) -> None:
        match command:
            case ReadPage():
                self._do.reading.page(command)
            case ReadBodies(id_):
                self._do.reading.bodies(id_)
            case ReadSessions():
                self._do.reading.sessions(command)
            case ReadUsage():
                self._do.reading.usage(command)
            case ReadNames():
                self._do.reading.names()
            case MeasureLog():
                self._do.reading.contents()
            case CopyAsCurl(id_):
                self._do.reading.curl(id_)
            case _:
                assert_never(command)

    def _about_ledger(self, command: ReplayRequest | Export | Wipe) -> None:
        match command:
            case ReplayRequest(id_, model):
                self._do.ledger.replay_request(id_, model)
            case Export(path, form, wanted):
                self._do.ledger.export(path, form, wanted)
            case Wipe(bodies_only):
                self._do.ledger.wipe(bodies_only=bodies_only)
            case _:
                assert_never(command)

    def _about_desktop(
        self,
        command: CopyText
        | ShowRequests
        | ShowWatch
        | ShowSettings
        | CheckForUpdates
        | OpenLink
        | OpenFolder
        | OpenLicences
        | OpenReport
        | ForgetReport
        | Quit,
    ) -> None:
        screen, opening = self._context.screen, self._do.opening
        match command:
            case CopyText(text, said):
                opening.copy(text, said)
            case ShowRequests(wanted, id_):
                screen.show_requests(wanted, id_)
            case ShowWatch(page):
                screen.show_watch(page)
            case ShowSettings(page):
                screen.show_settings(page)
                self._do.keys.look()
                self._do.keys.reach(again=False)
                self._do.launching.look()
            case CheckForUpdates():
                opening.ask_for_updates()
            case OpenLink(url):
                opening.link(url)
            case OpenFolder(which):
                opening.folder(which)
            case OpenLicences():
                opening.licences()
            case OpenReport():
                opening.report()
            case ForgetReport():
                opening.forget_report()
            case Quit():
                screen.quit()
            case _:
                assert_never(command)

    def _end_first_run(self) -> None:
        if self._context.store.state.first_run:
            self._context.store.apply(FirstRunChanged(due=False))
            self._memory.change(lambda known: replace(known, first_run_over=True))
            self._context.screen.end_first_run()
