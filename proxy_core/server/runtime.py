"""The composition root of the core: from paths and an environment to a proxy that can be served."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

from proxy_core.catalogue.known import Known
from proxy_core.catalogue.live_models import LiveModels
from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.catalogue.tokenizer import Tokenizer
from proxy_core.catalogue.values import Provider, engine_for
from proxy_core.config.key_store import KeyOrigin, KeyStore
from proxy_core.config.keys import FoundKey, Keys
from proxy_core.config.paths import Paths
from proxy_core.config.settings import DEFAULT_ROLES, PASSTHROUGH, Configuration, Engine, Settings
from proxy_core.config.settings_store import SettingsStore
from proxy_core.ledger.budget import Crossing
from proxy_core.ledger.pricing import Cost, price_of
from proxy_core.ledger.request_events import Broadcast, Listener, RequestRecord
from proxy_core.routing.roles import model_of, resolve
from proxy_core.server.provider_keys import ProviderKeys
from proxy_core.server.proxy_server import Service
from proxy_core.server.request_ids import Ids
from proxy_core.server.settings_snapshot import SettingsSnapshot, open_settings

if TYPE_CHECKING:
    from proxy_core.ledger.budget_watch import BudgetWatch


@dataclass(frozen=True, slots=True)
class Options:
    """The inputs of a proxy.

    ``settings`` and ``keys`` may be shared with others. If None, the keys are made from ``store``, and the settings
    opened: ``environ`` and ``dotenv`` are applied over the file, then ``override`` (the command line) over both, and
    ``report`` gets each problem found once. ``crossed`` gets each limit of the budget that is reached, on any thread.
    Both must not block.
    """

    paths: Paths
    environ: Mapping[str, str]
    store: KeyStore
    listener: Listener
    settings: SettingsStore[SettingsSnapshot] | None = None
    keys: Keys | None = None
    dotenv: Mapping[str, str] = field(default_factory=dict)
    override: Callable[[Settings], Settings] = lambda settings: settings
    report: Callable[[str], None] = lambda _: None
    crossed: Callable[[Crossing], None] = lambda _: None


class ProxyRuntime:
    """A proxy that is ready to be served. Its configuration and keys live as long as it, connections as long as a run.

    The configuration may be read from any thread: the proxy's, the ledger's, the app's worker queues. Raises
    :class:`~proxy_core.errors.ConfigError` for an invalid environment or invalid settings.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._tokenizer = Tokenizer()
        self.settings = options.settings or open_settings(
            options.paths.settings_file,
            options.environ,
            ModelCatalogue(),
            options.report,
            dotenv=options.dotenv,
            override=options.override,
        )
        self.keys = options.keys or Keys(options.environ, options.dotenv, options.store)

    def configuration(self) -> Configuration:
        """What is in force now; a change of the settings file is seen within a second."""
        return self.settings.poll().configuration

    def known(self) -> Known:
        """The catalogue, under the configuration in force."""
        return self.settings.poll().known

    async def key_of(self, provider: Provider) -> FoundKey:
        """Return a provider's key, waiting briefly for a keyring that has not answered yet."""
        if provider.engine is Engine.DEMO:  # a locked keyring must not ask for its password for the demo
            return FoundKey(None, KeyOrigin.NOWHERE)
        return await self.keys.find(provider, base_url_from_dotenv=provider.id in self.configuration().from_dotenv)

    def live_models(self) -> LiveModels:
        """Return the models that the keys can use, for one event loop."""
        return LiveModels(
            self.known,
            ProviderKeys(self.keys, lambda: self.configuration().from_dotenv),
            lambda: self.configuration().settings.proxy.outgoing_proxy,
        )

    def make_service(self, retell: Callable[[Listener], Listener] = lambda listener: listener) -> Service:
        """Return the service for one run of a server; called in the server's thread, where it imports the web
        framework.

        ``retell`` may wrap the listener.
        """
        from proxy_core.api.app import make_app  # noqa: PLC0415 - the port listens before this is loaded
        from proxy_core.api.context import ApiContext  # noqa: PLC0415
        from proxy_core.launch.launch_records import LaunchRecords  # noqa: PLC0415
        from proxy_core.server.engines import Engines  # noqa: PLC0415
        from proxy_core.server.local_token_cache import LocalTokenCache  # noqa: PLC0415

        engines = Engines(self.configuration().settings.proxy.outgoing_proxy)
        live = self.live_models()

        async def let_go() -> None:
            self.budget.close()
            await live.aclose()
            await engines.aclose()

        self.budget.begin()

        context = ApiContext(
            config_snapshot=self.settings.poll,
            key_of=self.key_of,
            local_tokens=LocalTokenCache(self.keys),
            engines=engines.by_kind,
            relay=engines.relay,
            listener=Broadcast(retell(self._options.listener), self.budget),
            clock=time.time,
            new_id=Ids(time.time),
            count_tokens=self._tokenizer.count,
            reached=live.reached,
            budget=self.budget,
            launches=LaunchRecords(self._options.paths.launches_dir),
        )
        return Service(make_app(context), let_go, partial(engines.warm_up, self._needed))

    @cached_property
    def budget(self) -> BudgetWatch:
        """The state of the budget; it listens while the proxy is served."""
        from proxy_core.ledger.budget_watch import BudgetWatch  # noqa: PLC0415 - the database is not wanted by all
        from proxy_core.ledger.reading import Ledger  # noqa: PLC0415

        return BudgetWatch(
            Ledger(self._options.paths.ledger_file),
            limits=lambda: self.configuration().settings.budget,
            price=self.price,
            told=self._options.crossed,
        )

    def price(self, record: RequestRecord) -> Cost | None:
        """What a request that is over cost, by the prices in force."""
        now = self.settings.poll()
        return price_of(record, now.known, now.settings)

    def _needed(self) -> frozenset[Engine]:
        """The engines that the active profile's roles will use. Reads the catalogue, so that no request has to."""
        now = self.settings.poll()
        known, roles = now.known, now.settings.active.roles
        values = {model_of(role, roles, known) for role in {*DEFAULT_ROLES, *roles}} - {PASSTHROUGH}
        models = [resolve(value, known) for value in values]
        return frozenset(
            engine_for(provider, known.model(model.provider, model.name))
            for model in models
            if (provider := known.provider(model.provider)) is not None
        )
