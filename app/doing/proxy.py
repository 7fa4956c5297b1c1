"""Starting and stopping the proxy, and what is told of it: its phase, who holds its port, its address and token."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QCoreApplication

from app.doing.tools import Tools
from app.news import ProxyStands, TroubleFound, WentWrong
from app.proxy_thread import ProxyThread
from app.state import Phase, Proxy, Trouble
from proxy_core.config.secret import Secret
from proxy_core.errors import ConfigError
from proxy_core.runtime.listening import Address, PortTaken
from proxy_core.runtime.presence import Presence, announce, answers, find_running, unannounced, withdraw
from proxy_core.runtime.server import ServerNews, ServerState

translate = QCoreApplication.translate

PHASES: Final = {
    ServerState.STARTING: Phase.STARTING,
    ServerState.RUNNING: Phase.RUNNING,
    ServerState.STOPPING: Phase.STOPPING,
    ServerState.STOPPED: Phase.STOPPED,
    ServerState.FAILED: Phase.ATTENTION,
}


class ProxyDoing:
    """``version`` is ours, as other processes are told it."""

    def __init__(self, tools: Tools, thread: ProxyThread, version: str) -> None:
        self._tools = tools
        self._thread = thread
        self._version = version

    def start(self) -> None:
        """Start it where the settings say. A port that is taken is told with its holder and the next free one."""
        if self._tools.stage.state.proxy.phase in (Phase.RUNNING, Phase.STARTING):
            return
        self._begin()

    def _begin(self) -> None:
        proxy = self._tools.choice.settings.proxy
        self._stands(Proxy(Phase.STARTING, Address(proxy.host, proxy.port).url))
        self._tools.lanes.proxy.run(
            lambda: _started(self._thread, proxy.host, proxy.port), self._is_held, self._cannot_start
        )

    def stop(self) -> None:
        """Stop it; answers under way have their grace."""
        self._tools.lanes.proxy.run(self._thread.stop)

    def move(self) -> None:
        """Stop it and start it where the settings say now, if it runs."""
        phase = self._tools.stage.state.proxy.phase
        if phase in (Phase.RUNNING, Phase.STARTING):
            self.stop()
            self._begin()
        elif phase is not Phase.STOPPING:
            proxy = self._tools.choice.settings.proxy
            self._stands(replace(self._tools.stage.state.proxy, address=Address(proxy.host, proxy.port).url))

    def hear(self, news: ServerNews) -> None:
        """The server's state changed."""
        self._stands(Proxy(PHASES[news.state], news.address.url, news.sentence))
        match news.state:
            case ServerState.RUNNING:
                self._tools.lanes.proxy.run(lambda: self._announce(news.address.url), failed=self._tools.complain)
            case ServerState.STOPPED | ServerState.FAILED:
                self._tools.lanes.proxy.run(self._withdraw)
                if news.state is ServerState.FAILED:
                    self._tools.stage.learn(WentWrong(Trouble(news.sentence, time.time())))
            case ServerState.STARTING | ServerState.STOPPING:
                pass

    def fault(self, place: str) -> None:
        """A fault of our own while serving."""
        self._tools.stage.learn(TroubleFound(f"A fault of Understudy's own: {place}"))

    def copy_address(self) -> None:
        """The address to the clipboard."""
        self._tools.screen.copy(self._tools.stage.state.proxy.address)
        self._tools.say(translate("Doing", "The address is in the clipboard."))

    def copy_token(self) -> None:
        """The local token to the clipboard."""
        self._tools.lanes.keys.run(lambda: token_of(self._tools), self._copy_token, self._tools.complain)

    def end(self, grace: float) -> bool:
        """Stop it now and wait: True when it has ended in time. For the end of the app."""
        ended = self._thread.stop(grace=grace)
        self._withdraw()
        return ended

    def _copy_token(self, token: Secret) -> None:
        self._tools.screen.copy(token.reveal())
        self._tools.say(translate("Doing", "The token is in the clipboard."))

    def _is_held(self, taken: Proxy | None) -> None:
        if taken is not None:
            self._stands(taken)
            self._tools.stage.learn(WentWrong(Trouble(taken.sentence, time.time())))

    def _cannot_start(self, sentence: str) -> None:
        address = self._tools.stage.state.proxy.address
        self._stands(Proxy(Phase.ATTENTION, address, sentence))
        self._tools.stage.learn(WentWrong(Trouble(sentence, time.time())))

    def _stands(self, proxy: Proxy) -> None:
        self._tools.stage.learn(ProxyStands(proxy))

    def _announce(self, url: str) -> None:
        """Let other processes of this user find it, unless they have found another."""
        path = self._tools.paths.runtime_file
        try:
            if find_running(path) is None:
                announce(path, Presence(os.getpid(), url, time.time(), self._version))
        except OSError as error:
            raise ConfigError(unannounced(path, error)) from error

    def _withdraw(self) -> None:
        with contextlib.suppress(OSError):  # a file that could not be written either
            withdraw(self._tools.paths.runtime_file, os.getpid())


def token_of(tools: Tools) -> Secret:
    """The local token. Blocks; raises ConfigError where there is none."""
    found = tools.keys.local_token()
    if found.secret is None:
        raise ConfigError(found.trouble)
    return found.secret


def _started(thread: ProxyThread, host: str, port: int) -> Proxy | None:
    """None when it has its port; else how things stand then."""
    try:
        thread.start(host, port)
    except PortTaken as taken:
        return _taken(taken)
    return None


def _taken(taken: PortTaken) -> Proxy:
    address = taken.address
    who = f"{taken.holder.name} ({taken.holder.pid})" if taken.holder else ""
    if answers(address.url):
        sentence = translate("Doing", "Another Understudy answers on port {0} already.").format(address.port)
    elif who:
        sentence = translate("Doing", "Port {0} is taken by {1}.").format(address.port, who)
    else:
        sentence = translate("Doing", "Port {0} is taken by another program.").format(address.port)
    return Proxy(Phase.ATTENTION, address.url, sentence, who, taken.next_free)
