"""The composition root of the core: from paths and an environment to a proxy that can be served."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from proxy_core.catalogue.known import Known
from proxy_core.catalogue.live_models import LiveModels
from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.catalogue.tokenizer import Tokenizer
from proxy_core.catalogue.values import Provider, engine_for
from proxy_core.config import environment
from proxy_core.config.key_store import KeyOrigin, KeyStore
from proxy_core.config.keys import FoundKey, Keys
from proxy_core.config.paths import Paths
from proxy_core.config.settings import DEFAULT_ROLES, PASSTHROUGH, Configuration, Engine, Settings
from proxy_core.config.settings_file import SettingsSource
from proxy_core.ledger.budget import Crossing
from proxy_core.ledger.pricing import Cost, price_of
from proxy_core.ledger.request_events import Broadcast, Listener, RequestRecord
from proxy_core.routing.roles import model_of, resolve
from proxy_core.server.provider_keys import ProviderKeys
from proxy_core.server.proxy_server import Service
from proxy_core.server.request_ids import Ids

if TYPE_CHECKING:
    from proxy_core.ledger.budget_watch import BudgetWatch


@dataclass(frozen=True, slots=True)
class Options:
    """The inputs of a proxy.

    ``environ`` and ``dotenv`` are applied over the settings file, then ``override`` (the command line) over both.
    ``models`` is large, and may be shared; so may ``keys``, which are made from ``store`` if None. ``report`` gets each
    problem of the configuration once; ``crossed`` each limit of the budget that is reached, on any thread: both must
    not block.
    """

    paths: Paths
    environ: Mapping[str, str]
    store: KeyStore
    listener: Listener
    models: ModelCatalogue = field(default_factory=ModelCatalogue)
    keys: Keys | None = None
    dotenv: Mapping[str, str] = field(default_factory=dict)
    override: Callable[[Settings], Settings] = lambda settings: settings
    report: Callable[[str], None] = lambda _: None
    crossed: Callable[[Crossing], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class _ConfigSnapshot:
    """Everything derived from the settings file when it contained ``file``: replaced as a whole, so that it is
    consistent.

    A :class:`~proxy_core.api.context.InForce`; ``settings`` are the configuration's.
    """

    file: Settings
    configuration: Configuration
    settings: Settings
    facts: Known


class ProxyRuntime:
    """A proxy that is ready to be served. Its configuration and keys live as long as it, connections as long as a run.

    The configuration may be read from any thread: the proxy's, the ledger's, the app's worker queues. Raises
    :class:`~proxy_core.errors.ConfigError` for an invalid environment or invalid settings.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self.models = options.models
        self._tokenizer = Tokenizer()
        self._source = SettingsSource(options.paths.settings_file, options.report)
        self._deriving = threading.Lock()
        self._warned = frozenset[str]()
        self.keys = options.keys or Keys(options.environ, options.dotenv, options.store)
        self._derived = self._derive(self._source.current())
        self._warn(self._derived)

    def configuration(self) -> Configuration:
        """Return the configuration; a change of the settings file is seen within a second."""
        return self._config_snapshot().configuration

    def look_again(self) -> None:
        """Make the next request see a change of the settings file that was just made. Thread-safe."""
        self._source.look_again()

    def known(self) -> Known:
        """Return the catalogue under the current configuration."""
        return self._config_snapshot().facts

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
            config_snapshot=self._config_snapshot,
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
        """Return the cost of an ended request at current prices."""
        now = self._config_snapshot()
        return price_of(record, now.facts, now.settings)

    def _config_snapshot(self) -> _ConfigSnapshot:
        """Return the snapshot, without a lock while the file is unchanged."""
        derived = self._derived
        if self._source.current() is derived.file:
            return derived
        with self._deriving:
            file = self._source.current()  # again: another thread may have updated it meanwhile
            if file is self._derived.file:
                return self._derived
            derived = self._derived = self._derive(file)
        self._warn(derived)
        return derived

    def _derive(self, file: Settings) -> _ConfigSnapshot:
        known = Known(file.providers, self.models)
        said = environment.overlay(self._options.environ, self._options.dotenv, known.providers)
        laid = environment.apply(file, said)
        laid = replace(laid, settings=self._options.override(laid.settings))
        return _ConfigSnapshot(file, laid, laid.settings, Known(laid.settings.providers, self.models))

    def _warn(self, derived: _ConfigSnapshot) -> None:
        """Report new warnings outside of the lock: the callee may read the configuration."""
        with self._deriving:
            new = [warning for warning in derived.configuration.warnings if warning not in self._warned]
            self._warned |= frozenset(new)
        for warning in new:
            self._options.report(warning)

    def _needed(self) -> frozenset[Engine]:
        """Return the engines of the active profile's roles. Reads the catalogue here, so that no request has to."""
        now = self._config_snapshot()
        known, roles = now.facts, now.settings.active.roles
        values = {model_of(role, roles, known) for role in {*DEFAULT_ROLES, *roles}} - {PASSTHROUGH}
        models = [resolve(value, known) for value in values]
        return frozenset(
            engine_for(provider, known.model(model.provider, model.name))
            for model in models
            if (provider := known.provider(model.provider)) is not None
        )
