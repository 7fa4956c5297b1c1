"""Which models the user's keys reach now: the providers' own lists, asked in the background and remembered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, assert_never
from urllib.parse import urlsplit

from proxy_core.catalogue.discovery import LocalServer, list_models, local_servers
from proxy_core.catalogue.known import Known
from proxy_core.catalogue.listing import Listed, completed, is_for_chat
from proxy_core.catalogue.values import ModelFacts, Provider
from proxy_core.config.outbound_policy import OutboundPolicy
from proxy_core.config.secret import Secret
from proxy_core.config.settings import Engine
from proxy_core.errors import ProviderError

_FRESH: Final = 300.0
"""Seconds for which a list is taken as it is; after that it still serves, while a new one is fetched."""

_SOON: Final = 30.0
"""Seconds after which a provider that gave no list, and the machine's own servers, are asked again."""


class KeyRing(Protocol):
    """Where the keys of many providers come from at once, by the providers' ids."""

    def at_hand(self, providers: Iterable[Provider]) -> Mapping[str, Secret]:
        """Those that are known without asking the keyring."""
        ...

    async def stored(self, providers: Sequence[Provider]) -> Mapping[str, Secret]:
        """Those that the keyring holds. May take as long as a person needs to unlock it."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderListing:
    """A provider that can be asked, and its models. ``live``: it listed them itself; else the catalogue did.

    ``trouble`` says why it gave no list, where it should have.
    """

    provider: Provider
    models: tuple[ModelFacts, ...]
    live: bool
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class _One:
    """A provider that is asked, and the key it is asked with."""

    provider: Provider
    key: Secret | None


@dataclass(frozen=True, slots=True)
class _Machine:
    """This machine, asked without a key at the addresses of ``providers``."""

    providers: tuple[Provider, ...]


_Source = _One | _Machine


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was said, and when; ``models`` is None where the provider gave no list."""

    at: float
    models: tuple[Listed, ...] | None = None
    servers: tuple[LocalServer, ...] = ()
    trouble: str = ""


class LiveModels:
    """Asks, remembers, and never lets one slow provider hold up the others. Lives in one event loop."""

    def __init__(
        self,
        known: Callable[[], Known],
        keys: KeyRing,
        outgoing_proxy: Callable[[], str] = lambda: "",
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._known = known
        self._keys = keys
        self._outgoing_proxy = outgoing_proxy
        self._monotonic = monotonic
        self._stored: Mapping[str, Secret] = {}
        self._looking: asyncio.Task[None] | None = None
        self._answers: dict[_Source, _Answer] = {}
        self._asking: dict[_Source, asyncio.Task[None]] = {}

    async def reached(self, within: float, own_port: int = 0) -> tuple[ProviderListing, ...]:
        """What is reached, after ``within`` seconds at the latest: who has not answered by then comes the next time.

        No server on ``own_port`` of this machine is asked: that would be ourselves.
        """
        until = self._monotonic() + within
        known = self._known()
        await self._look_into_keyring(known.providers.all(), within)
        sources = self._sources(known, own_port)
        for old in self._answers.keys() - sources:
            del self._answers[old]
        new = [task for source in sources if (task := self._ask(source)) and source not in self._answers]
        if new:
            await asyncio.wait(new, timeout=max(0.0, until - self._monotonic()))
        return tuple(found for source in sources for found in self._view(source, known))

    async def aclose(self) -> None:
        """Stop asking."""
        tasks = [*self._asking.values(), *([self._looking] if self._looking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look_into_keyring(self, providers: Sequence[Provider], within: float) -> None:
        async def look() -> None:
            self._stored = await self._keys.stored(providers)

        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(look())
        await asyncio.wait([self._looking], timeout=within)

    def _sources(self, known: Known, own_port: int) -> dict[_Source, None]:
        """Each that can be asked, once, in the order in which a person should see it."""
        providers = [provider for provider in known.providers.all() if not _is_own(provider, own_port)]
        keys = {**self._stored, **self._keys.at_hand(providers)}
        here, there = list[Provider](), list[_One]()
        for provider in providers:
            key = keys.get(provider.id)
            if key is None and provider.local and provider.engine is Engine.DIRECT:
                here.append(provider)
            elif key is not None or (not provider.needs_key and provider.engine in (Engine.DIRECT, Engine.RELAY)):
                there.append(_One(provider, key))
        return dict.fromkeys([_Machine(tuple(here)), *there])

    def _ask(self, source: _Source) -> asyncio.Task[None] | None:
        """The task that asks ``source``, a new one where its answer is missing or old."""
        if source in self._asking:
            return self._asking[source]
        last = self._answers.get(source)
        if last is not None and self._monotonic() - last.at < (_SOON if last.models is None else _FRESH):
            return None
        task = self._asking[source] = asyncio.create_task(self._fetch(source))
        return task

    async def _fetch(self, source: _Source) -> None:
        try:
            self._answers[source] = await self._answer(source)
        except ProviderError as error:
            last = self._answers.get(source)
            self._answers[source] = _Answer(self._monotonic(), last.models if last else None, trouble=error.message)
        finally:
            del self._asking[source]

    async def _answer(self, source: _Source) -> _Answer:
        match source:
            case _One(provider, key):
                models = await list_models(provider, key, OutboundPolicy(self._outgoing_proxy()))
                return _Answer(self._monotonic(), models)
            case _Machine(providers):
                return _Answer(self._monotonic(), servers=await local_servers(providers))
            case _:
                assert_never(source)

    def _view(self, source: _Source, known: Known) -> Iterator[ProviderListing]:
        answer = self._answers.get(source)
        match source:
            case _Machine(providers):
                for server in answer.servers if answer else ():
                    provider = _answering_there(server, providers)
                    yield ProviderListing(provider, _for_chat(provider, server.models, known), live=True)
            case _One(provider) if answer is not None and answer.models is not None:
                yield ProviderListing(provider, _for_chat(provider, answer.models, known), True, answer.trouble)
            case _One(provider):
                facts = known.models.of(provider.id)
                offline = tuple(model for model in facts if is_for_chat(model.id, None, model))
                yield ProviderListing(provider, offline, live=False, trouble=answer.trouble if answer else "")
            case _:
                assert_never(source)


def _answering_there(server: LocalServer, providers: Iterable[Provider]) -> Provider:
    """The provider under whose id a request reaches ``server``: the one that it is, if that is configured there."""
    there = [provider for provider in providers if provider.base_url == server.base_url]
    return next((provider for provider in there if provider.id == server.provider), there[0])


def _for_chat(provider: Provider, models: Iterable[Listed], known: Known) -> tuple[ModelFacts, ...]:
    found = ((model, known.model(provider.id, model.name)) for model in models)
    return tuple(completed(facts, model.facts) for model, facts in found if is_for_chat(model.name, model.chats, facts))


def _is_own(provider: Provider, own_port: int) -> bool:
    return provider.local and bool(own_port) and urlsplit(provider.base_url).port == own_port
