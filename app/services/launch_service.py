"""Launching Claude Code: the folder and those before it, what stands in its way, a terminal with a session in it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from app.services.context import ServiceContext
from app.services.launch_plan import LaunchRoles, launch_for, offers_of, plan_for
from app.services.proxy_service import token_of
from app.state.app_state import Phase, TerminalView
from app.state.events import FolderChosen, LaunchPreviewed
from app.state.ui_state import UiStateStore
from proxy_core.config.local_token import launch_token
from proxy_core.config.secret import Secret
from proxy_core.config.settings import PASSTHROUGH
from proxy_core.errors import ConfigError
from proxy_core.launch import launch_records, settings_files
from proxy_core.launch.claude_code import LaunchPlan
from proxy_core.launch.installed import INSTALL, find_claude
from proxy_core.launch.obstacles import Obstacle, Severity, obstacles
from proxy_core.server.settings_snapshot import SettingsSnapshot

if TYPE_CHECKING:
    from proxy_core.launch.terminals import Opened

translate = QCoreApplication.translate

_IDE: Final = "vscode"
"""Not a shell: settings are copied, not a command."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A launch: with what is in force when it is wished for."""

    choice: SettingsSnapshot
    address: str
    folder: str
    profile: str
    environ: Mapping[str, str]


class LaunchService:
    """``memory`` keeps the folders between two runs."""

    def __init__(self, context: ServiceContext, memory: UiStateStore) -> None:
        self._context = context
        self._memory = memory

    def choose(self, folder: str) -> None:
        """The project folder from now on; of a file, the one that it is in."""
        named = Path(folder).expanduser().absolute()
        path = str(named.parent if named.is_file() else named)
        chosen = self._memory.change(lambda known: known.with_folder(path))
        self._context.store.apply(FolderChosen(chosen.folder, chosen.recent))
        self.look()

    def sweep(self) -> None:
        """Delete what launches left that no terminal ran, in this run or one before: a token is in it."""
        from proxy_core.launch import launch_script  # noqa: PLC0415 - behind the first picture

        environ = self._context.environ
        self._context.queues.calls.run(lambda: launch_script.sweep(environ, time.time()))

    def look(self) -> None:
        """What a launch in the chosen folder would meet."""
        context, folder = self._context, self._context.store.state.folder
        context.queues.calls.run(lambda: _seen(context, folder), context.store.apply, context.report_error)

    def launch(self, folder: str, profile: str, *, anyway: bool) -> None:
        """Open a terminal with Claude Code in it; what would keep it from working is said instead, once."""
        if folder and folder != self._context.store.state.folder:
            self.choose(folder)
        wanted = self._wanted(folder, profile)
        if wanted is None:
            return
        context, terminal = self._context, self._context.settings.current.settings.terminal

        def job() -> Opened:
            from proxy_core.launch.terminals import TerminalChoice, open_terminal  # noqa: PLC0415 - first when one is opened

            program = find_claude(context.environ, context.home)
            if program is None:
                raise ConfigError(
                    translate("Doing", "Claude Code is not installed. Install it with: {0}").format(INSTALL)
                )
            stopping = [
                found.sentence for found in _obstacles(context, wanted.folder) if found.weight is Severity.STOPS
            ]
            if stopping and not anyway:
                raise ConfigError(" ".join(stopping))
            own = TerminalChoice(terminal.terminal, terminal.command)
            plan, folder = _plan(context, wanted), Path(wanted.folder)
            return open_terminal(plan, folder, context.environ, (str(program),), own)

        def then(opened: Opened) -> None:
            context.say(" ".join((*opened.passed_over, _started(opened))))

        context.queues.calls.run(job, then, context.report_error)

    def copy_command(self, shell: str) -> None:
        """The launch as a command for another shell, or settings for an IDE, to the clipboard."""
        wanted = self._wanted("", "")
        if wanted is None:
            return
        context = self._context

        def job() -> str:
            from proxy_core.launch.copy_command import Shell, command_for, vscode_settings  # noqa: PLC0415

            plan = _plan(context, wanted)
            if shell == _IDE:
                return vscode_settings(plan)
            program = find_claude(context.environ, context.home) or Path("claude")
            return command_for(Shell(shell), plan, Path(wanted.folder), (str(program),))

        def then(text: str) -> None:
            context.screen.copy(text)
            context.say(translate("Doing", "The command is in the clipboard; the token in it lets whoever has it in."))

        context.queues.calls.run(job, then, context.report_error)

    def copy_install(self) -> None:
        """How Claude Code is installed, to the clipboard."""
        self._context.screen.copy(INSTALL)
        self._context.say(translate("Doing", "The command is in the clipboard."))

    def _wanted(self, folder: str, profile: str) -> _Wanted | None:
        """None after saying what has to be there first."""
        context, state = self._context, self._context.store.state
        if state.proxy.phase is not Phase.RUNNING:
            context.report_error(translate("Doing", "The proxy does not run: start it first."))
            return None
        folder = folder or state.folder or str(context.home)
        project = context.settings.current.settings.projects.get(folder)
        profile = profile or (project.profile if project else "")
        return _Wanted(context.settings.current, state.proxy.address, folder, profile, context.environ)


def _started(opened: Opened) -> str:
    name = opened.terminal.name
    if opened.begun:
        return translate("Doing", "Claude Code starts in {0}.").format(name)
    return translate("Doing", "{0} was opened and has not started Claude Code yet: does it ask for leave?").format(name)


def _plan(context: ServiceContext, wanted: _Wanted) -> LaunchPlan:
    """Blocks for the keyring and for the proxy's own list."""
    local: Secret = token_of(context)
    launch = launch_for(wanted.folder, wanted.profile)
    token = launch_token(local, launch)  # without a proof: the proxy is this process's own, and holds its port
    roles = wanted.choice.roles(wanted.profile)
    anthropic = wanted.choice.provider_of(PASSTHROUGH) if PASSTHROUGH in roles.values() else None
    cast = LaunchRoles(
        roles,
        wanted.choice.known,
        wanted.choice.settings.routing.long_threshold,
        anthropic is not None and context.keys.for_provider(anthropic).secret is not None,
    )
    kept = settings_files.kept(context.home, Path(wanted.folder), wanted.environ)
    plan = plan_for(cast, wanted.address, token, wanted.environ, offers_of(wanted.address, token), kept=kept)
    return replace(plan, record=launch_records.record(context.paths.launches_dir, launch.id))


def _seen(context: ServiceContext, folder: str) -> LaunchPreviewed:
    from proxy_core.launch.terminals import found  # noqa: PLC0415

    sentences = tuple(obstacle.sentence for obstacle in _obstacles(context, folder)) if folder else ()
    terminals = tuple(TerminalView(terminal.id, terminal.name) for terminal in found(context.environ))
    return LaunchPreviewed(sentences, find_claude(context.environ, context.home) is not None, terminals)


def _obstacles(context: ServiceContext, folder: str) -> tuple[Obstacle, ...]:
    return obstacles(context.home, Path(folder), context.environ)
