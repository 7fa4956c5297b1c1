"""Launching Claude Code: the folder and those before it, what stands in its way, a terminal with a session in it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from app.choices import Choice as InForce
from app.doing.proxy import token_of
from app.doing.tools import Tools
from app.launch_plan import Cast, launch_for, offers_of, plan_for
from app.news import FolderChosen, LaunchSeen
from app.remembered import Memory
from app.state import Phase, TerminalView
from proxy_core.config.local_token import launch_token
from proxy_core.config.secret import Secret
from proxy_core.config.settings import PASSTHROUGH
from proxy_core.errors import ConfigError
from proxy_core.launch import launch_records, settings_files
from proxy_core.launch.claude_code import LaunchPlan
from proxy_core.launch.installed import INSTALL, find_claude
from proxy_core.launch.obstacles import Obstacle, Weight, obstacles

if TYPE_CHECKING:
    from proxy_core.launch.terminals import Opened

translate = QCoreApplication.translate

_IDE: Final = "vscode"
"""Not a shell: settings are copied, not a command."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A launch: with what is in force when it is wished for."""

    choice: InForce
    address: str
    folder: str
    profile: str
    environ: Mapping[str, str]


class LaunchDoing:
    """``memory`` keeps the folders between two runs."""

    def __init__(self, tools: Tools, memory: Memory) -> None:
        self._tools = tools
        self._memory = memory

    def choose(self, folder: str) -> None:
        """The project folder from now on; of a file, the one that it is in."""
        named = Path(folder).expanduser().absolute()
        path = str(named.parent if named.is_file() else named)
        chosen = self._memory.change(lambda known: known.with_folder(path))
        self._tools.stage.learn(FolderChosen(chosen.folder, chosen.recent))
        self.look()

    def sweep(self) -> None:
        """Delete what launches left that no terminal ran, in this run or one before: a token is in it."""
        from proxy_core.launch import launch_script  # noqa: PLC0415 - behind the first picture

        environ = self._tools.environ
        self._tools.lanes.calls.run(lambda: launch_script.sweep(environ, time.time()))

    def look(self) -> None:
        """What a launch in the chosen folder would meet."""
        tools, folder = self._tools, self._tools.stage.state.folder
        tools.lanes.calls.run(lambda: _seen(tools, folder), tools.stage.learn, tools.complain)

    def launch(self, folder: str, profile: str, *, anyway: bool) -> None:
        """Open a terminal with Claude Code in it; what would keep it from working is said instead, once."""
        if folder and folder != self._tools.stage.state.folder:
            self.choose(folder)
        wanted = self._wanted(folder, profile)
        if wanted is None:
            return
        tools, terminal = self._tools, self._tools.choice.settings.terminal

        def job() -> Opened:
            from proxy_core.launch.terminals import Choice, open_terminal  # noqa: PLC0415 - first when one is opened

            program = find_claude(tools.environ, tools.home)
            if program is None:
                raise ConfigError(
                    translate("Doing", "Claude Code is not installed. Install it with: {0}").format(INSTALL)
                )
            stopping = [found.sentence for found in _obstacles(tools, wanted.folder) if found.weight is Weight.STOPS]
            if stopping and not anyway:
                raise ConfigError(" ".join(stopping))
            own = Choice(terminal.terminal, terminal.command)
            plan, folder = _plan(tools, wanted), Path(wanted.folder)
            return open_terminal(plan, folder, tools.environ, (str(program),), own)

        def then(opened: Opened) -> None:
            tools.say(" ".join((*opened.passed_over, _started(opened))))

        tools.lanes.calls.run(job, then, tools.complain)

    def copy_command(self, shell: str) -> None:
        """The launch as a command for another shell, or settings for an IDE, to the clipboard."""
        wanted = self._wanted("", "")
        if wanted is None:
            return
        tools = self._tools

        def job() -> str:
            from proxy_core.launch.copy_command import Shell, command_for, vscode_settings  # noqa: PLC0415

            plan = _plan(tools, wanted)
            if shell == _IDE:
                return vscode_settings(plan)
            program = find_claude(tools.environ, tools.home) or Path("claude")
            return command_for(Shell(shell), plan, Path(wanted.folder), (str(program),))

        def then(text: str) -> None:
            tools.screen.copy(text)
            tools.say(translate("Doing", "The command is in the clipboard; the token in it lets whoever has it in."))

        tools.lanes.calls.run(job, then, tools.complain)

    def copy_install(self) -> None:
        """How Claude Code is installed, to the clipboard."""
        self._tools.screen.copy(INSTALL)
        self._tools.say(translate("Doing", "The command is in the clipboard."))

    def _wanted(self, folder: str, profile: str) -> _Wanted | None:
        """None after saying what has to be there first."""
        tools, state = self._tools, self._tools.stage.state
        if state.proxy.phase is not Phase.RUNNING:
            tools.complain(translate("Doing", "The proxy does not run: start it first."))
            return None
        folder = folder or state.folder or str(tools.home)
        project = tools.choice.settings.projects.get(folder)
        profile = profile or (project.profile if project else "")
        return _Wanted(tools.choice, state.proxy.address, folder, profile, tools.environ)


def _started(opened: Opened) -> str:
    name = opened.terminal.name
    if opened.begun:
        return translate("Doing", "Claude Code starts in {0}.").format(name)
    return translate("Doing", "{0} was opened and has not started Claude Code yet: does it ask for leave?").format(name)


def _plan(tools: Tools, wanted: _Wanted) -> LaunchPlan:
    """Blocks for the keyring and for the proxy's own list."""
    local: Secret = token_of(tools)
    launch = launch_for(wanted.folder, wanted.profile)
    token = launch_token(local, launch)  # without a proof: the proxy is this process's own, and holds its port
    roles = wanted.choice.roles(wanted.profile)
    anthropic = wanted.choice.provider_of(PASSTHROUGH) if PASSTHROUGH in roles.values() else None
    cast = Cast(
        roles,
        wanted.choice.known,
        wanted.choice.settings.routing.long_threshold,
        anthropic is not None and tools.keys.for_provider(anthropic).secret is not None,
    )
    kept = settings_files.kept(tools.home, Path(wanted.folder), wanted.environ)
    plan = plan_for(cast, wanted.address, token, wanted.environ, offers_of(wanted.address, token), kept=kept)
    return replace(plan, record=launch_records.record(tools.paths.launches_dir, launch.id))


def _seen(tools: Tools, folder: str) -> LaunchSeen:
    from proxy_core.launch.terminals import found  # noqa: PLC0415

    sentences = tuple(obstacle.sentence for obstacle in _obstacles(tools, folder)) if folder else ()
    terminals = tuple(TerminalView(terminal.id, terminal.name) for terminal in found(tools.environ))
    return LaunchSeen(sentences, find_claude(tools.environ, tools.home) is not None, terminals)


def _obstacles(tools: Tools, folder: str) -> tuple[Obstacle, ...]:
    return obstacles(tools.home, Path(folder), tools.environ)
