"""Provider keys in and out of the keyring, the providers that are shown, and what they say when they are asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QCoreApplication

from app.i18n.said import said
from app.services.context import ServiceContext
from app.state.app_state import CheckVerdict, KeyPlace, KeyStorage, KeyView, LocalServerView, ProviderCheck
from app.state.events import KeysLoaded, ModelsListed, ProviderChecked
from proxy_core.catalogue.values import Provider
from proxy_core.config.key_store import KeyOrigin
from proxy_core.config.keys import FoundKey, Keys, Missing
from proxy_core.config.secret import Secret
from proxy_core.errors import ConfigError, KeyRefused, KeyringClosed, UnderstudyError
from proxy_core.server.settings_snapshot import SettingsSnapshot

translate = QCoreApplication.translate

_WITHIN: Final = 6.0
"""Seconds that a person waits for provider's lists at most; who is slower comes the next time."""

_FRESH: Final = 60.0
"""Seconds for which what was reached is not asked for by itself again."""

_PLACES: Final[Mapping[KeyOrigin, KeyPlace]] = {
    KeyOrigin.ENVIRONMENT: KeyPlace.ENVIRONMENT,
    KeyOrigin.DOTENV: KeyPlace.ENVIRONMENT,
    KeyOrigin.KEYRING: KeyPlace.KEYRING,
    KeyOrigin.MEMORY: KeyPlace.MEMORY,
    KeyOrigin.NOWHERE: KeyPlace.NONE,
}


@dataclass(frozen=True, slots=True)
class _Reach:
    """What the keys reach, by provider; ``checks`` say how each was asked."""

    models: Mapping[str, frozenset[str]]
    checks: Mapping[str, ProviderCheck]
    servers: tuple[LocalServerView, ...]


class KeyService:
    """Remembers what each provider listed, so that one that is asked again changes nothing of the others."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._listed: dict[str, frozenset[str]] = {}
        self._servers: tuple[LocalServerView, ...] = ()
        self._reached = float("-inf")

    def look(self) -> None:
        """Which keys there are, and where."""
        context, servers = self._context, self._servers
        context.queues.keys.run(
            lambda: _found(context.keys, context.settings.current, servers), context.store.apply, context.report_error
        )

    def look_after_unlocking(self) -> None:
        """As :meth:`look`, where the keyring could not be read and may be readable by now."""
        if self._context.store.state.keys_kept_in is KeyStorage.LOCKED and self._context.keys.may_be_readable:
            self.look()

    def set(self, provider: str, key: Secret) -> None:
        """Keep a key, then check it. Where no keyring takes it, it is kept for this run."""

        def job() -> str:
            try:
                self._context.keys.set(provider, key.reveal())
            except ConfigError as error:
                self._context.keys.keep_for_this_run(provider, key.reveal())  # raises where the key itself is wrong
                return translate("Doing", "The key is kept in memory until Understudy ends. {0}").format(
                    said(error.message)
                )
            return translate("Doing", "The key is in the keyring.")

        def then(sentence: str) -> None:
            self._context.say(sentence)
            self.look()
            self.check(provider)

        def failed(sentence: str) -> None:
            self._context.report_error(sentence)
            self._tell_bad(provider, sentence)

        self._context.queues.keys.run(job, then, failed)

    def remove(self, provider: str) -> None:
        """Forget a key."""

        def then(was_there: bool) -> None:
            gone = translate("Doing", "Key removed.")
            self._context.say(gone if was_there else translate("Doing", "No key to remove."))
            self._listed.pop(provider, None)
            self._tell_reached()
            self.look()

        def job() -> bool:
            is_in_memory = self._context.store.state.keys.get(provider, KeyView()).place is KeyPlace.MEMORY
            try:
                return self._context.keys.remove(provider)
            except ConfigError:
                if is_in_memory:  # where it was, it is gone; no keyring has it
                    return True
                raise

        self._context.queues.keys.run(job, then, self._context.report_error)

    def renew_token(self) -> None:
        """A new local token."""

        def job() -> FoundKey:
            if (found := self._context.keys.local_token()).variable:
                raise ConfigError(f"{found.variable} sets the token outside of Understudy: change it there.")
            return self._context.keys.renew_local_token()

        def then(_: FoundKey) -> None:
            self._context.say(translate("Doing", "Token renewed. The old one works for 30 more seconds."))
            self.look()

        self._context.queues.keys.run(job, then, self._context.report_error)

    def check(self, provider: str) -> None:
        """Ask a provider with its key, and read its list. It always ends with what came of it: somebody waits."""
        named = self._context.settings.current.known.provider(provider)
        if named is None:
            self._tell_bad(provider, translate("Doing", "There is no provider called {0}.").format(provider))
            return
        self._context.store.apply(ProviderChecked(provider, ProviderCheck(CheckVerdict.RUNNING)))
        choice, keys = self._context.settings.current, self._context.keys

        def then(found: tuple[ProviderCheck, frozenset[str]]) -> None:
            self._context.store.apply(ProviderChecked(provider, found[0]))
            if found[1]:
                self._listed[provider] = found[1]
            self._tell_reached()

        self._context.queues.calls.run(
            lambda: _checked(named, keys, choice), then, lambda sentence: self._tell_bad(provider, sentence)
        )

    def reach(self, *, again: bool = True) -> None:
        """Ask every provider that has a key, and this machine's own servers; not ``again`` within a minute."""
        now = time.monotonic()
        if not again and now - self._reached < _FRESH:
            return
        self._reached = now
        choice, keys = self._context.settings.current, self._context.keys
        port = int(self._context.store.state.proxy.address.rpartition(":")[2] or 0)

        def then(found: _Reach) -> None:
            self._listed |= found.models
            had, self._servers = self._servers, found.servers
            for provider, check in found.checks.items():
                self._context.store.apply(ProviderChecked(provider, check))
            self._tell_reached()
            if had != found.servers:
                self.look()

        self._context.queues.calls.run(
            lambda: asyncio.run(_reach(choice, keys, port)), then, self._context.report_error
        )

    def _tell_bad(self, provider: str, sentence: str) -> None:
        self._context.store.apply(ProviderChecked(provider, ProviderCheck(CheckVerdict.BAD, sentence, time.time())))

    def _tell_reached(self) -> None:
        models = frozenset(model for models in self._listed.values() for model in models)
        self._context.store.apply(ModelsListed(models, self._servers))


def _found(keys: Keys, choice: SettingsSnapshot, servers: Iterable[LocalServerView]) -> KeysLoaded:
    """The providers to show: those with a key, a setting, a role or a server that answers."""
    storage = _key_storage(keys)
    played = [choice.provider_of(target) for target in choice.roles().values()]
    known = {provider.id: provider for provider in (*choice.known.providers.all(), *played) if provider is not None}
    wanted = {provider.id for provider in played if provider is not None}
    wanted |= {*choice.settings.providers, *(server.provider for server in servers)}
    views = {id_: _view(_key(keys, choice, provider)) for id_, provider in known.items()}
    shown = tuple(provider for id_, provider in known.items() if id_ in wanted or views[id_].place is not KeyPlace.NONE)
    return KeysLoaded(shown, {one.id: views[one.id] for one in shown}, storage, _view(keys.local_token()))


def _key_storage(keys: Keys) -> KeyStorage:
    """Asked before any key: a keyring that hangs is then waited for only once."""
    try:
        keys.check_store()
    except KeyringClosed:
        return KeyStorage.LOCKED
    except ConfigError:  # what is set now is kept for this run
        return KeyStorage.MEMORY
    return KeyStorage.KEYRING


def _key(keys: Keys, choice: SettingsSnapshot, provider: Provider) -> FoundKey:
    return keys.for_provider(provider, base_url_from_dotenv=provider.id in choice.configuration.from_dotenv)


def _view(found: FoundKey) -> KeyView:
    hint = found.secret.hint if found.secret else ""
    place = _PLACES[found.origin] if found.secret else KeyPlace.NONE
    unreadable = found.secret is None and found.missing is Missing.UNREADABLE
    return KeyView(place, hint, found.variable, found.trouble, unreadable)


def _checked(provider: Provider, keys: Keys, choice: SettingsSnapshot) -> tuple[ProviderCheck, frozenset[str]]:
    """How it went, and the models that were listed. Blocks."""
    from proxy_core.catalogue.discovery import list_models  # noqa: PLC0415 - an HTTP client: first when it is wanted

    key = _key(keys, choice, provider)
    if key.secret is None and provider.needs_key:
        missing = translate("Doing", "There is no key for {0}.").format(provider.name)
        return ProviderCheck(CheckVerdict.BAD, key.trouble or missing, time.time()), frozenset()
    outgoing = choice.settings.proxy.outgoing_proxy
    try:
        listed = asyncio.run(list_models(provider, key.secret, outgoing_proxy=outgoing))
    except UnderstudyError as error:
        rejected = isinstance(error, KeyRefused)
        return ProviderCheck(CheckVerdict.BAD, error.message, time.time(), rejected=rejected), frozenset()
    if listed is None:
        sentence = translate("Doing", "It gives no list of models to check the key with: test a role instead.")
        return ProviderCheck(CheckVerdict.NOTED, sentence, time.time()), frozenset()
    models = frozenset(f"{provider.id}/{model.name}" for model in listed)
    return ProviderCheck(CheckVerdict.GOOD, "", time.time(), len(models)), models


async def _reach(choice: SettingsSnapshot, keys: Keys, own_port: int) -> _Reach:
    from proxy_core.catalogue.live_models import LiveModels  # noqa: PLC0415
    from proxy_core.server.provider_keys import ProviderKeys  # noqa: PLC0415

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
        return ProviderCheck(CheckVerdict.GOOD, "", now, models)
    return ProviderCheck(CheckVerdict.BAD, trouble, now) if trouble else None
