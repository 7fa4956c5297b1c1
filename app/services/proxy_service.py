"""Starting and stopping the proxy, and what is told of it: its phase, who holds its port, its address and token."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QCoreApplication

from app.services.context import ServiceContext
from app.services.proxy_thread import ProxyThread
from app.state.app_state import Phase, ProxyView, Trouble
from app.state.events import ErrorOccurred, ProxyChanged, WarningRaised
from proxy_core.config.secret import Secret
from proxy_core.errors import ConfigError
from proxy_core.server.instance_file import InstanceInfo, announce, answers, find_running, unannounced, withdraw
from proxy_core.server.listening import ListenAddress, PortTaken
from proxy_core.server.proxy_server import ServerEvent, ServerState

translate = QCoreApplication.translate

PHASES: Final = {
    ServerState.STARTING: Phase.STARTING,
    ServerState.RUNNING: Phase.RUNNING,
    ServerState.STOPPING: Phase.STOPPING,
    ServerState.STOPPED: Phase.STOPPED,
    ServerState.FAILED: Phase.ATTENTION,
}


class ProxyService:
    """``version`` is ours, as other processes are told it."""

    def __init__(self, context: ServiceContext, thread: ProxyThread, version: str) -> None:
        self._context = context
        self._thread = thread
        self._version = version

    def start(self) -> None:
        """Start it where the settings say. A port that is taken is told with its holder and the next free one."""
        if self._context.store.state.proxy.phase in (Phase.RUNNING, Phase.STARTING):
            return
        self._begin()

    def _begin(self) -> None:
        proxy = self._context.settings.current.settings.proxy
        self._stands(ProxyView(Phase.STARTING, ListenAddress(proxy.host, proxy.port).url))
        self._context.queues.proxy.run(
            lambda: _started(self._thread, proxy.host, proxy.port), self._is_held, self._cannot_start
        )

    def stop(self) -> None:
        """Stop it; answers under way have their grace."""
        self._context.queues.proxy.run(self._thread.stop)

    def move(self) -> None:
        """Stop it and start it where the settings say now, if it runs."""
        phase = self._context.store.state.proxy.phase
        if phase in (Phase.RUNNING, Phase.STARTING):
            self.stop()
            self._begin()
        elif phase is not Phase.STOPPING:
            proxy = self._context.settings.current.settings.proxy
            self._stands(replace(self._context.store.state.proxy, address=ListenAddress(proxy.host, proxy.port).url))

    def on_event(self, events: ServerEvent) -> None:
        """The server's state changed."""
        self._stands(ProxyView(PHASES[events.state], events.address.url, events.sentence))
        match events.state:
            case ServerState.RUNNING:
                self._context.queues.proxy.run(
                    lambda: self._announce(events.address.url), failed=self._context.report_error
                )
            case ServerState.STOPPED | ServerState.FAILED:
                self._context.queues.proxy.run(self._withdraw)
                if events.state is ServerState.FAILED:
                    self._context.store.apply(ErrorOccurred(Trouble(events.sentence, time.time())))
            case ServerState.STARTING | ServerState.STOPPING:
                pass

    def fault(self, place: str) -> None:
        """A fault of our own while serving."""
        self._context.store.apply(WarningRaised(f"A fault of Understudy's own: {place}"))

    def copy_address(self) -> None:
        """The address to the clipboard."""
        self._context.screen.copy(self._context.store.state.proxy.address)
        self._context.say(translate("Doing", "The address is in the clipboard."))

    def copy_token(self) -> None:
        """The local token to the clipboard."""
        self._context.queues.keys.run(lambda: token_of(self._context), self._copy_token, self._context.report_error)

    def end(self, grace: float) -> bool:
        """Stop it now and wait: True when it has ended in time. For the end of the app."""
        ended = self._thread.stop(grace=grace)
        self._withdraw()
        return ended

    def _copy_token(self, token: Secret) -> None:
        self._context.screen.copy(token.reveal())
        self._context.say(translate("Doing", "The token is in the clipboard."))

    def _is_held(self, taken: ProxyView | None) -> None:
        if taken is not None:
            self._stands(taken)
            self._context.store.apply(ErrorOccurred(Trouble(taken.sentence, time.time())))

    def _cannot_start(self, sentence: str) -> None:
        address = self._context.store.state.proxy.address
        self._stands(ProxyView(Phase.ATTENTION, address, sentence))
        self._context.store.apply(ErrorOccurred(Trouble(sentence, time.time())))

    def _stands(self, proxy: ProxyView) -> None:
        self._context.store.apply(ProxyChanged(proxy))

    def _announce(self, url: str) -> None:
        """Let other processes of this user find it, unless they have found another."""
        path = self._context.paths.runtime_file
        try:
            if find_running(path) is None:
                announce(path, InstanceInfo(os.getpid(), url, time.time(), self._version))
        except OSError as error:
            raise ConfigError(unannounced(path, error)) from error

    def _withdraw(self) -> None:
        with contextlib.suppress(OSError):  # a file that could not be written either
            withdraw(self._context.paths.runtime_file, os.getpid())


def token_of(context: ServiceContext) -> Secret:
    """The local token. Blocks; raises ConfigError where there is none."""
    found = context.keys.local_token()
    if found.secret is None:
        raise ConfigError(found.trouble)
    return found.secret


def _started(thread: ProxyThread, host: str, port: int) -> ProxyView | None:
    """None when it has its port; else how things stand then."""
    try:
        thread.start(host, port)
    except PortTaken as taken:
        return _taken(taken)
    return None


def _taken(taken: PortTaken) -> ProxyView:
    address = taken.address
    who = f"{taken.holder.name} ({taken.holder.pid})" if taken.holder else ""
    if answers(address.url):
        sentence = translate("Doing", "Another Understudy answers on port {0} already.").format(address.port)
    elif who:
        sentence = translate("Doing", "Port {0} is taken by {1}.").format(address.port, who)
    else:
        sentence = translate("Doing", "Port {0} is taken by another program.").format(address.port)
    return ProxyView(Phase.ATTENTION, address.url, sentence, who, taken.next_free)
