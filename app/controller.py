"""Takes every wish and sees that it is done: the one place that knows which doing answers to which wish."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from app.choices import Choice
from app.doing.keys import KeysDoing
from app.doing.launching import LaunchDoing
from app.doing.ledger import LedgerDoing
from app.doing.opening import OpeningDoing
from app.doing.proxy import ProxyDoing
from app.doing.reading import ReadingDoing
from app.doing.settings import SettingsDoing
from app.doing.tools import Tools
from app.doing.trying import TryingDoing
from app.news import FirstRunIs
from app.remembered import Memory
from app.wishes import (
    ChangeSettings,
    CheckForUpdates,
    CheckProvider,
    ChooseFolder,
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
    KeepProfile,
    Launch,
    MeasureLog,
    OpenFolder,
    OpenLicences,
    OpenLink,
    OpenReport,
    Quit,
    ReadBodies,
    ReadNames,
    ReadPage,
    ReadSessions,
    ReadUsage,
    RemoveKey,
    RenewToken,
    RunAgain,
    SetKey,
    SetRole,
    ShowRequests,
    ShowSettings,
    ShowWatch,
    StartProxy,
    StopProxy,
    SwitchProfile,
    TryFirstRequest,
    TryRole,
    Wipe,
    Wish,
)
from proxy_core.config.settings import ProxySettings


@dataclass(frozen=True, slots=True)
class Doings:
    """One for each family of wishes."""

    proxy: ProxyDoing
    settings: SettingsDoing
    keys: KeysDoing
    trying: TryingDoing
    launching: LaunchDoing
    reading: ReadingDoing
    ledger: LedgerDoing
    opening: OpeningDoing


class Controller:
    """Belongs to Qt's thread. Nothing in here blocks."""

    def __init__(self, tools: Tools, doings: Doings, memory: Memory) -> None:
        self._tools = tools
        self._memory = memory
        self._do = doings

    def take(self, wish: Wish) -> None:
        """Have ``wish`` done."""
        match wish:
            case StartProxy() | StopProxy() | CopyAddress() | CopyToken() | RenewToken():
                self._about_proxy(wish)
            case ChangeSettings() | SwitchProfile() | KeepProfile() | SetRole():
                self._about_settings(wish)
            case SetKey(provider, key):
                self._do.keys.set(provider, key)
            case RemoveKey(provider):
                self._do.keys.remove(provider)
            case CheckProvider(provider):
                self._do.keys.check(provider)
            case FindLocalServers():
                self._do.keys.reach()
            case TryRole(role):
                self._do.trying.role(role)
            case TryFirstRequest():
                self._do.trying.first_request()
            case EndFirstRun():
                self._end_first_run()
            case ChooseFolder() | Launch() | CopyCommand() | CopyInstallCommand():
                self._about_launch(wish)
            case ReadPage() | ReadBodies() | ReadSessions() | ReadUsage() | ReadNames() | MeasureLog() | CopyAsCurl():
                self._about_reading(wish)
            case RunAgain() | Export() | Wipe():
                self._about_ledger(wish)
            case _:
                self._about_desktop(wish)

    def settings_changed(self, before: Choice, after: Choice) -> None:
        """Something else is in force now, whoever changed it: what does not read it at each request follows."""
        was, now = before.settings, after.settings
        if _fixed_while_it_runs(was.proxy) != _fixed_while_it_runs(now.proxy):
            self._do.proxy.move()
        if was.providers != now.providers or before.roles() != after.roles():
            self._do.keys.look()
        priced_otherwise = (was.budget, was.prices) != (now.budget, now.prices)
        if priced_otherwise or was.providers != now.providers or before.roles() != after.roles():
            self._do.reading.sum_now()

    def _about_proxy(self, wish: StartProxy | StopProxy | CopyAddress | CopyToken | RenewToken) -> None:
        match wish:
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
                assert_never(wish)

    def _about_settings(self, wish: ChangeSettings | SwitchProfile | KeepProfile | SetRole) -> None:
        match wish:
            case ChangeSettings(settings):
                self._do.settings.change(settings)
            case SwitchProfile(name):
                self._do.settings.switch_profile(name)
            case KeepProfile(name, profile, renamed):
                self._do.settings.keep_profile(name, profile, renamed)
            case SetRole(role, model):
                self._do.settings.set_role(role, model)
            case _:
                assert_never(wish)

    def _about_launch(self, wish: ChooseFolder | Launch | CopyCommand | CopyInstallCommand) -> None:
        match wish:
            case ChooseFolder(folder):
                self._do.launching.choose(folder)
            case Launch(folder, profile, anyway):
                self._do.launching.launch(folder, profile, anyway=anyway)
            case CopyCommand(shell):
                self._do.launching.copy_command(shell)
            case CopyInstallCommand():
                self._do.launching.copy_install()
            case _:
                assert_never(wish)

    def _about_reading(
        self, wish: ReadPage | ReadBodies | ReadSessions | ReadUsage | ReadNames | MeasureLog | CopyAsCurl
    ) -> None:
        match wish:
            case ReadPage():
                self._do.reading.page(wish)
            case ReadBodies(id_):
                self._do.reading.bodies(id_)
            case ReadSessions():
                self._do.reading.sessions(wish)
            case ReadUsage():
                self._do.reading.usage(wish)
            case ReadNames():
                self._do.reading.names()
            case MeasureLog():
                self._do.reading.contents()
            case CopyAsCurl(id_):
                self._do.reading.curl(id_)
            case _:
                assert_never(wish)

    def _about_ledger(self, wish: RunAgain | Export | Wipe) -> None:
        match wish:
            case RunAgain(id_, model):
                self._do.ledger.run_again(id_, model)
            case Export(path, form, wanted):
                self._do.ledger.export(path, form, wanted)
            case Wipe(bodies_only):
                self._do.ledger.wipe(bodies_only=bodies_only)
            case _:
                assert_never(wish)

    def _about_desktop(
        self,
        wish: CopyText
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
        screen, opening = self._tools.screen, self._do.opening
        match wish:
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
                assert_never(wish)

    def _end_first_run(self) -> None:
        if self._tools.stage.state.first_run:
            self._tools.stage.learn(FirstRunIs(due=False))
            self._memory.change(lambda known: replace(known, first_run_over=True))
            self._tools.screen.end_first_run()


def _fixed_while_it_runs(proxy: ProxySettings) -> tuple[str, int, str]:
    """What a proxy takes when it starts, and keeps: where it listens, and the way out of its connections."""
    return proxy.host, proxy.port, proxy.outgoing_proxy
