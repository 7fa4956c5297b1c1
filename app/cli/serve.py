"""``understudy serve``: the proxy without a window, until it is told to stop."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from app.cli.console import say, say_error, say_json, styled, table

if TYPE_CHECKING:
    from app.cli.cli_context import CliContext
    from proxy_core.config.settings import Engine, ProxySettings, Settings
    from proxy_core.server.listening import Listening
    from proxy_core.server.proxy_server import ServerEvent


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="0 takes any free one.", show_default="8082")
    ] = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(metavar="PROVIDER=ENGINE", help="direct, litellm or relay, as in openai=litellm. Repeatable."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON when it listens.")] = False,
) -> None:
    """Run the proxy here. Reads .env from this folder."""
    from app.cli.cli_context import load
    from proxy_core.config.keys import REQUEST_WAIT
    from proxy_core.server.ledger_factory import keep, kept_in
    from proxy_core.server.proxy_server import ProxyServer, ServerState

    engines = engines_of(engine or [])
    context = load(
        os.environ,
        Path.cwd(),
        override=lambda settings: with_engines(settings, engines),
        report=say_error,
        patience=REQUEST_WAIT,
    )
    check_engines(context, engines)
    proxy = context.configuration.settings.proxy
    listening = _listen(context, allowed_host(context, host) or proxy.host, proxy.port if port is None else port)
    ledger = keep(context.proxy, context.paths.ledger_file, say_error)
    server = ProxyServer(
        listening,
        kept_in(ledger, context.proxy),
        on_event=_Teller(context, as_json).on_event,
        fault=lambda place: say_error(f"a fault of Understudy's own: {place}"),
    )
    for warning in _about_doors(proxy, listening.address.host):
        say_error(warning)
    ended = server.run()
    ledger.close()
    if ended is ServerState.FAILED:
        raise typer.Exit(1)


def engines_of(choices: list[str]) -> Mapping[str, Engine]:
    """``["openai=litellm"]`` as a mapping. Raises a usage error for anything else."""
    from proxy_core.config.settings import Engine

    chosen = {}
    for choice in choices:
        provider, _, name = choice.partition("=")
        if not provider or name not in {Engine.DIRECT, Engine.LITELLM, Engine.RELAY}:
            raise typer.BadParameter(f"{choice!r} is not PROVIDER=direct, =litellm or =relay", param_hint="--engine")
        chosen[provider] = Engine(name)
    return chosen


def check_engines(context: CliContext, engines: Mapping[str, Engine]) -> None:
    """Raise a usage error for a provider that does not exist: its engine would be chosen for nothing."""
    from difflib import get_close_matches

    providers = context.known.providers
    for id_ in engines:
        if not providers.known(id_):
            near = get_close_matches(id_, [other for other in providers.ids() if other not in engines], 1)
            advice = f"Did you mean {near[0]}?" if near else "`understudy models` lists providers and their models."
            raise typer.BadParameter(f"there is no provider called {id_!r}. {advice}", param_hint="--engine")


def with_engines(settings: Settings, engines: Mapping[str, Engine]) -> Settings:
    """The settings with these providers reached by these engines."""
    from proxy_core.config.settings import ProviderSettings

    providers = {
        id_: replace(settings.providers.get(id_, ProviderSettings()), engine=engine) for id_, engine in engines.items()
    }
    return replace(settings, providers={**settings.providers, **providers})


def allowed_host(context: CliContext, host: str | None) -> str | None:
    """The address asked for; raises ConfigError for one that other machines reach while access from the LAN is off."""
    from proxy_core.config import environment
    from proxy_core.errors import ConfigError

    if host is not None and not environment.is_loopback(host) and not context.configuration.settings.proxy.lan:
        raise ConfigError(
            f"{host} can be reached by other machines, and access from the LAN is off. To open it, set lan = true "
            f"under [proxy] in {context.paths.settings_file}, or {environment.LAN_VARIABLE}=1."
        )
    return host


def _listen(context: CliContext, host: str, port: int) -> Listening:
    """Bind the port before anything heavy is loaded: who connects from now on is answered."""
    from proxy_core.errors import ConfigError
    from proxy_core.server.instance_file import answers, find_running
    from proxy_core.server.listening import Listening, PortTaken

    try:
        return Listening(host, port)
    except PortTaken as taken:
        if not answers(taken.address.url):
            raise
        running = find_running(context.paths.runtime_file)
        who = f" (process {running.pid})" if running and running.address == taken.address.url else ""
        other = f", or start a second one with --port {taken.next_free}" if taken.next_free else ""
        raise ConfigError(
            f"Understudy already runs on {taken.address.url}{who}: `understudy claude` uses it{other}."
        ) from taken


class _Teller:
    """Says what becomes of the server, and lets other commands find it."""

    def __init__(self, context: CliContext, as_json: bool) -> None:
        self._context = context
        self._as_json = as_json
        self._is_found = False

    def on_event(self, events: ServerEvent) -> None:
        """Called in the server's own thread: what may take time is done in another."""
        from proxy_core.server.instance_file import withdraw
        from proxy_core.server.proxy_server import ServerState

        match events.state:
            case ServerState.RUNNING:
                threading.Thread(target=self._introduce, args=(events.address.url,), daemon=True).start()
            case ServerState.STARTING:
                if self._is_found:
                    say_error(events.sentence)
            case ServerState.STOPPING:
                pass
            case ServerState.STOPPED | ServerState.FAILED:
                with contextlib.suppress(OSError):  # a file that could not be written either
                    withdraw(self._context.paths.runtime_file, os.getpid())
                if events.state is ServerState.FAILED:
                    say_error(events.sentence)

    def _introduce(self, url: str) -> None:
        from app.version import version
        from proxy_core.server.instance_file import InstanceInfo, announce, find_running, unannounced

        if self._is_found:
            say_error(f"The proxy answers again on {url}.")
            return
        self._is_found = True
        context = self._context
        roles = {role.value: target for role, target in context.snapshot.roles().items()}
        if self._as_json:
            told = {"address": url, "pid": os.getpid(), "version": version(), "roles": roles}
            say_json({**told, "warnings": list(context.troubles)})
        try:
            if find_running(context.paths.runtime_file) is None:
                announce(context.paths.runtime_file, InstanceInfo(os.getpid(), url, time.time(), version()))
        except OSError as error:  # a read-only home, as in a container: the proxy serves all the same
            say_error(unannounced(context.paths.runtime_file, error))
        if not self._as_json:
            for line in introduction(context, url):
                say(line)
        for trouble in (*_about_keys(context), *_about_budget(context)):
            say_error(trouble)


def introduction(context: CliContext, url: str) -> list[str]:
    """What a person should know of a proxy that has just started. No key and no token is in it."""
    rows = [(role.name, target, key_state(context, target)) for role, target in context.snapshot.roles().items()]
    return [
        f"{styled(f'Understudy answers on {url}', '1')}  (Ctrl+C stops it)",
        "",
        *table(rows),
        "",
        *table(
            [
                ("Claude Code", "understudy claude"),
                ("Other clients", _way_in(context, url)),
                ("Requests", "understudy log -f"),
            ]
        ),
    ]


def key_state(context: CliContext, target: str) -> str:
    """Whether a target's key was found, and where; never the key."""
    from proxy_core.config.settings import PASSTHROUGH

    provider = context.snapshot.provider_of(target)
    if provider is None:
        return f"no provider is called {target.partition('/')[0]!r}"
    from proxy_core.config.keys import Missing

    found = context.key_of(provider)
    if found.secret:
        return f"key from {found.variable or f'the {found.origin}'}"
    if target == PASSTHROUGH:
        return "the client's own login"
    if not provider.needs_key:
        return "needs no key"
    match found.missing:
        case Missing.UNREADABLE:
            return "KEY NOT KNOWN: the keyring cannot be read"
        case Missing.WITHHELD:
            return f"NO KEY beside its base URL in .env: {provider.key_variables[0]}"
        case Missing.NOT_SET:
            return f"NO KEY: understudy keys set {provider.id}"
        case _:
            assert_never(found.missing)


def _about_doors(proxy: ProxySettings, host: str) -> list[str]:
    """What stands open that is closed by default."""
    from proxy_core.config.environment import is_loopback

    doors = ["Open mode is on: whoever reaches the proxy is let in without a token."] if proxy.open else []
    return doors if is_loopback(host) else [*doors, f"Other machines can reach the proxy on {host}."]


def _about_keys(context: CliContext) -> list[str]:
    """Why keys are missing, each reason once."""
    providers = [context.snapshot.provider_of(target) for target in context.snapshot.roles().values()]
    found = [context.key_of(provider) for provider in providers if provider is not None and provider.needs_key]
    return list(dict.fromkeys(key.trouble for key in found if key.trouble))


def _about_budget(context: CliContext) -> list[str]:
    """What a limit cannot see."""
    from app.cli.money import SET_PRICES
    from proxy_core.ledger.budget import BudgetState

    if not BudgetState(limits=context.configuration.settings.budget).has_limit:
        return []
    sentence = context.blind_spot().sentence
    return [f"{sentence} {SET_PRICES}"] if sentence else []


def _way_in(context: CliContext, url: str) -> str:
    """How a client that is not started from here gets in."""
    from proxy_core.config.key_store import KeyOrigin

    token = context.keys.local_token()
    if token.secret is None:
        return f"none yet. {token.trouble}"
    if token.origin is KeyOrigin.MEMORY:
        return "none: the token is for this run only, as no keyring keeps it. Set UNDERSTUDY_TOKEN to one of your own"
    return f"ANTHROPIC_BASE_URL={url} and the token that `understudy token` prints"
