"""What every command stands on: where files live, the configuration as it is at the start, the catalogue, the keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.cli.console import say_error
from app.cli.money import blind_spot
from proxy_core.catalogue.known import Known
from proxy_core.catalogue.values import Provider
from proxy_core.config import environment, paths
from proxy_core.config.key_store import KeyringStore
from proxy_core.config.keys import FoundKey, Keys
from proxy_core.config.paths import Paths
from proxy_core.config.settings import PASSTHROUGH, Configuration, Settings
from proxy_core.errors import ConfigError
from proxy_core.ledger.pricing import without_price
from proxy_core.ledger.request_events import Broadcast, Listener
from proxy_core.server.runtime import Options, ProxyRuntime
from proxy_core.server.settings_snapshot import SettingsSnapshot

UNLOCK_WAIT: Final = 30.0
"""Seconds that a command waits for the keyring: so long a person may take to find and type its password."""


@dataclass(frozen=True, slots=True)
class UnpricedModels:
    """Models without a price, of how many that play a role."""

    unpriced: tuple[str, ...]
    models: int

    @property
    def sentence(self) -> str:
        """For a person; empty where every model has a price."""
        told = blind_spot(len(self.unpriced), self.models)
        return f"{told[:-1]} ({', '.join(self.unpriced)})." if told else ""


@dataclass(frozen=True, slots=True)
class CliContext:
    """``proxy`` can be served. ``snapshot`` is what was in force at the start.

    ``troubles`` grows with what is found wrong: sentences, each to be shown once.
    """

    paths: Paths
    environ: Mapping[str, str]
    proxy: ProxyRuntime
    snapshot: SettingsSnapshot
    troubles: list[str] = field(default_factory=list)

    @property
    def configuration(self) -> Configuration:
        """The settings, with the environment and the command line laid over them."""
        return self.snapshot.configuration

    @property
    def known(self) -> Known:
        """The catalogue under the configuration."""
        return self.snapshot.known

    @property
    def keys(self) -> Keys:
        """The keys, wherever they are."""
        return self.proxy.keys

    def blind_spot(self) -> UnpricedModels:
        """Which of the active profile's models a budget cannot see."""
        models = tuple(dict.fromkeys(target for target in self.snapshot.roles().values() if target != PASSTHROUGH))
        return UnpricedModels(without_price(models, self.known, self.configuration.settings), len(models))

    def key_of(self, provider: Provider) -> FoundKey:
        """The key that a request to ``provider`` would use. May ask the keyring."""
        from_dotenv = provider.id in self.configuration.from_dotenv
        return self.keys.for_provider(provider, base_url_from_dotenv=from_dotenv)


def _as_it_is(settings: Settings) -> Settings:
    return settings


def _keep_quiet(_: str) -> None:
    """Whoever asks finds it in the ground's troubles."""


def _keyring_is_slow() -> None:
    say_error("Waiting for the keyring. If it asks for its password, unlock it.")


def _dotenv(file: Path, tell: Callable[[str], None]) -> Mapping[str, str]:
    """What ``file`` says; nothing where it cannot be read, as it may be another program's."""
    try:
        return environment.read_dotenv(file)
    except ConfigError as error:
        tell(f"{error.message} Understudy goes on without it.")
        return {}


def load(
    environ: Mapping[str, str],
    folder: Path | None = None,
    *,
    listener: Listener | None = None,
    override: Callable[[Settings], Settings] = _as_it_is,
    report: Callable[[str], None] = _keep_quiet,
    patience: float = UNLOCK_WAIT,
) -> CliContext:
    """Read it all; a ``.env`` is read from ``folder``, from nowhere if None. Raises ConfigError.

    ``listener`` hears the news of the proxy, if it is served; ``override`` is the command line's word on the settings;
    ``report`` is told each trouble when it is found, which for a proxy that runs may be later. ``patience`` is for how
    many seconds the command waits for the keyring.
    """
    troubles: list[str] = []

    def tell(trouble: str) -> None:
        troubles.append(trouble)
        report(trouble)

    places = paths.find(environ)
    dotenv = _dotenv(folder / ".env", tell) if folder else {}
    store = KeyringStore()
    options = Options(
        places,
        environ,
        store,
        listener or Broadcast(),
        keys=Keys(environ, dotenv, store, patience=patience, slow=_keyring_is_slow),
        dotenv=dotenv,
        override=override,
        report=tell,
        crossed=lambda crossing: tell(crossing.sentence),
    )
    proxy = ProxyRuntime(options)
    return CliContext(places, environ, proxy, proxy.settings.current, troubles)
