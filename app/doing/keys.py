"""Provider keys in and out of the keyring, the providers that are shown, and what they say when they are asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QCoreApplication

from app.choices import Choice
from app.doing.tools import Tools
from app.news import KeysFound, ModelsReached, ProviderChecked
from app.said import said
from app.state import Door, KeyPlace, KeyView, LocalServerView, ProviderCheck, Verdict
from proxy_core.catalogue.values import Provider
from proxy_core.config.key_store import Origin
from proxy_core.config.keys import FoundKey, Keys, Missing
from proxy_core.config.secret import Secret
from proxy_core.errors import ConfigError, KeyRefused, KeyringClosed, UnderstudyError

translate = QCoreApplication.translate

_WITHIN: Final = 6.0
"""Seconds that a person waits for provider's lists at most; who is slower comes the next time."""

_FRESH: Final = 60.0
"""Seconds for which what was reached is not asked for by itself again."""

_PLACES: Final[Mapping[Origin, KeyPlace]] = {
    Origin.ENVIRONMENT: KeyPlace.ENVIRONMENT,
    Origin.DOTENV: KeyPlace.ENVIRONMENT,
    Origin.KEYRING: KeyPlace.KEYRING,
    Origin.MEMORY: KeyPlace.MEMORY,
    Origin.NOWHERE: KeyPlace.NONE,
}


@dataclass(frozen=True, slots=True)
class _Reach:
    """What the keys reach, by provider; ``checks`` say how each was asked."""

    models: Mapping[str, frozenset[str]]
    checks: Mapping[str, ProviderCheck]
    servers: tuple[LocalServerView, ...]


class KeysDoing:
    """Remembers what each provider listed, so that one that is asked again changes nothing of the others."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._listed: dict[str, frozenset[str]] = {}
        self._servers: tuple[LocalServerView, ...] = ()
        self._reached = float("-inf")

    def look(self) -> None:
        """Which keys there are, and where."""
        tools, servers = self._tools, self._servers
        tools.lanes.keys.run(lambda: _found(tools.keys, tools.choice, servers), tools.stage.learn, tools.complain)

    def look_after_unlocking(self) -> None:
        """As :meth:`look`, where the keyring could not be read and may be readable by now."""
        if self._tools.stage.state.keys_kept_in is Door.LOCKED and self._tools.keys.may_be_readable:
            self.look()

    def set(self, provider: str, key: Secret) -> None:
        """Keep a key, then check it. Where no keyring takes it, it is kept for this run."""

        def job() -> str:
            try:
                self._tools.keys.set(provider, key.reveal())
            except ConfigError as error:
                self._tools.keys.keep_for_this_run(provider, key.reveal())  # raises where the key itself is wrong
                return translate("Doing", "The key is kept in memory until Understudy ends. {0}").format(
                    said(error.message)
                )
            return translate("Doing", "The key is in the keyring.")

        def then(sentence: str) -> None:
            self._tools.say(sentence)
            self.look()
            self.check(provider)

        def failed(sentence: str) -> None:
            self._tools.complain(sentence)
            self._tell_bad(provider, sentence)

        self._tools.lanes.keys.run(job, then, failed)

    def remove(self, provider: str) -> None:
        """Forget a key."""

        def then(was_there: bool) -> None:
            gone = translate("Doing", "Key removed.")
            self._tools.say(gone if was_there else translate("Doing", "No key to remove."))
            self._listed.pop(provider, None)
            self._tell_reached()
            self.look()

        def job() -> bool:
            is_in_memory = self._tools.stage.state.keys.get(provider, KeyView()).place is KeyPlace.MEMORY
            try:
                return self._tools.keys.remove(provider)
            except ConfigError:
                if is_in_memory:  # where it was, it is gone; no keyring has it
                    return True
                raise

        self._tools.lanes.keys.run(job, then, self._tools.complain)

    def renew_token(self) -> None:
        """A new local token."""

        def job() -> FoundKey:
            if (found := self._tools.keys.local_token()).variable:
                raise ConfigError(f"{found.variable} sets the token outside of Understudy: change it there.")
            return self._tools.keys.renew_local_token()

        def then(_: FoundKey) -> None:
            self._tools.say(translate("Doing", "Token renewed. The old one works for 30 more seconds."))
            self.look()

        self._tools.lanes.keys.run(job, then, self._tools.complain)

    def check(self, provider: str) -> None:
        """Ask a provider with its key, and read its list. It always ends with what came of it: somebody waits."""
        named = self._tools.choice.known.provider(provider)
        if named is None:
            self._tell_bad(provider, translate("Doing", "There is no provider called {0}.").format(provider))
            return
        self._tools.stage.learn(ProviderChecked(provider, ProviderCheck(Verdict.RUNNING)))
        choice, keys = self._tools.choice, self._tools.keys

        def then(found: tuple[ProviderCheck, frozenset[str]]) -> None:
            self._tools.stage.learn(ProviderChecked(provider, found[0]))
            if found[1]:
                self._listed[provider] = found[1]
            self._tell_reached()

        self._tools.lanes.calls.run(
            lambda: _checked(named, keys, choice), then, lambda sentence: self._tell_bad(provider, sentence)
        )

    def reach(self, *, again: bool = True) -> None:
        """Ask every provider that has a key, and this machine's own servers; not ``again`` within a minute."""
        now = time.monotonic()
        if not again and now - self._reached < _FRESH:
            return
        self._reached = now
        choice, keys = self._tools.choice, self._tools.keys
        port = int(self._tools.stage.state.proxy.address.rpartition(":")[2] or 0)

        def then(found: _Reach) -> None:
            self._listed |= found.models
            had, self._servers = self._servers, found.servers
            for provider, check in found.checks.items():
                self._tools.stage.learn(ProviderChecked(provider, check))
            self._tell_reached()
            if had != found.servers:
                self.look()

        self._tools.lanes.calls.run(lambda: asyncio.run(_reach(choice, keys, port)), then, self._tools.complain)

    def _tell_bad(self, provider: str, sentence: str) -> None:
        self._tools.stage.learn(ProviderChecked(provider, ProviderCheck(Verdict.BAD, sentence, time.time())))

    def _tell_reached(self) -> None:
        models = frozenset(model for models in self._listed.values() for model in models)
        self._tools.stage.learn(ModelsReached(models, self._servers))


def _found(keys: Keys, choice: Choice, servers: Iterable[LocalServerView]) -> KeysFound:
    """The providers to show: those with a key, a setting, a role or a server that answers."""
    door = _door(keys)
    played = [choice.provider_of(target) for target in choice.roles().values()]
    known = {provider.id: provider for provider in (*choice.known.providers.all(), *played) if provider is not None}
    wanted = {provider.id for provider in played if provider is not None}
    wanted |= {*choice.settings.providers, *(server.provider for server in servers)}
    views = {id_: _view(_key(keys, choice, provider)) for id_, provider in known.items()}
    shown = tuple(provider for id_, provider in known.items() if id_ in wanted or views[id_].place is not KeyPlace.NONE)
    return KeysFound(shown, {one.id: views[one.id] for one in shown}, door, _view(keys.local_token()))


def _door(keys: Keys) -> Door:
    """Asked before any key: a keyring that hangs is then waited for only once."""
    try:
        keys.check_store()
    except KeyringClosed:
        return Door.LOCKED
    except ConfigError:  # what is set now is kept for this run
        return Door.MEMORY
    return Door.KEYRING


def _key(keys: Keys, choice: Choice, provider: Provider) -> FoundKey:
    return keys.for_provider(provider, base_url_from_dotenv=provider.id in choice.configuration.from_dotenv)


def _view(found: FoundKey) -> KeyView:
    hint = found.secret.hint if found.secret else ""
    place = _PLACES[found.origin] if found.secret else KeyPlace.NONE
    unreadable = found.secret is None and found.missing is Missing.UNREADABLE
    return KeyView(place, hint, found.variable, found.trouble, unreadable)


def _checked(provider: Provider, keys: Keys, choice: Choice) -> tuple[ProviderCheck, frozenset[str]]:
    """How it went, and the models that were listed. Blocks."""
    from proxy_core.catalogue.discovery import list_models  # noqa: PLC0415 - an HTTP client: first when it is wanted

    key = _key(keys, choice, provider)
    if key.secret is None and provider.needs_key:
        missing = translate("Doing", "There is no key for {0}.").format(provider.name)
        return ProviderCheck(Verdict.BAD, key.trouble or missing, time.time()), frozenset()
    outgoing = choice.settings.proxy.outgoing_proxy
    try:
        listed = asyncio.run(list_models(provider, key.secret, outgoing_proxy=outgoing))
    except UnderstudyError as error:
        rejected = isinstance(error, KeyRefused)
        return ProviderCheck(Verdict.BAD, error.message, time.time(), rejected=rejected), frozenset()
    if listed is None:
        sentence = translate("Doing", "It gives no list of models to check the key with: test a role instead.")
        return ProviderCheck(Verdict.NOTED, sentence, time.time()), frozenset()
    models = frozenset(f"{provider.id}/{model.name}" for model in listed)
    return ProviderCheck(Verdict.GOOD, "", time.time(), len(models)), models


async def _reach(choice: Choice, keys: Keys, own_port: int) -> _Reach:
    from proxy_core.catalogue.live_models import LiveModels  # noqa: PLC0415
    from proxy_core.runtime.provider_keys import ProviderKeys  # noqa: PLC0415

    live = LiveModels(
        lambda: choice.known,
        ProviderKeys(keys, lambda: choice.configuration.from_dotenv),
        lambda: choice.settings.proxy.outgoing_proxy,
    )
    try:
        reached = await live.reached(_WITHIN, own_port)
    finally:
        await live.aclose()
    now = time.time()
    checks = {one.provider.id: _check_of(one.live, one.trouble, len(one.models), now) for one in reached}
    servers = tuple(
        LocalServerView(one.provider.id, one.provider.name, one.provider.base_url, tuple(m.id for m in one.models))
        for one in reached
        if one.live and one.provider.local
    )
    models = {one.provider.id: frozenset(model.id for model in one.models) for one in reached if one.live}
    return _Reach(models, {id_: check for id_, check in checks.items() if check is not None}, servers)


def _check_of(live: bool, trouble: str, models: int, now: float) -> ProviderCheck | None:
    """None where nothing was learnt: the provider has no list, or did not answer yet."""
    if live:
        return ProviderCheck(Verdict.GOOD, "", now, models)
    return ProviderCheck(Verdict.BAD, trouble, now) if trouble else None
