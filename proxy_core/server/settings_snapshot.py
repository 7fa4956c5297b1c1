"""The settings in force with what follows from them: the environment laid over the file, the catalogue under it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from proxy_core.catalogue.known import Known
from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.catalogue.values import Provider
from proxy_core.config import environment
from proxy_core.config.settings import DEFAULT_ROLES, PASSTHROUGH, Configuration, Profile, Role, Settings
from proxy_core.config.settings_file import Loaded
from proxy_core.config.settings_store import SettingsStore
from proxy_core.errors import ConfigError
from proxy_core.routing.roles import model_of, resolve


@dataclass(frozen=True, slots=True)
class SettingsSnapshot:
    """What is in force at one time: a :class:`~proxy_core.api.context.ConfigSnapshot`.

    ``file`` is what the settings file says, ``known`` the catalogue under the configuration, ``troubles`` are sentences
    about what was wrong with either.
    """

    file: Settings
    configuration: Configuration
    known: Known
    troubles: tuple[str, ...] = ()

    @property
    def settings(self) -> Settings:
        """The settings, with the environment laid over them."""
        return self.configuration.settings

    @property
    def facts(self) -> Known:
        """What the API asks of the catalogue."""
        return self.known

    def roles(self, profile: str = "") -> dict[Role, str]:
        """Return the model of each role that is set in a profile: ``provider/name`` or passthrough.

        Raises ConfigError for a profile that does not exist; an empty name is the active one.
        """
        own = self.profile(profile).roles
        values = {role: model_of(role, own, self.known) for role in Role if role in DEFAULT_ROLES or role in own}
        return {
            role: value if value == PASSTHROUGH else str(resolve(value, self.known)) for role, value in values.items()
        }

    def profile(self, name: str = "") -> Profile:
        """Return the profile of this name, the active one if empty. Raises ConfigError for one that does not exist."""
        if name and name not in self.settings.profiles:
            raise ConfigError(f"There is no profile called {name!r}; there are: {', '.join(self.settings.profiles)}.")
        return self.settings.profiles[name] if name else self.settings.active

    def provider_of(self, target: str) -> Provider | None:
        """Return the provider of a role's value; Anthropic under passthrough, None where it is unknown."""
        return self.known.provider("anthropic" if target == PASSTHROUGH else target.partition("/")[0])


def open_settings(
    path: Path,
    environ: Mapping[str, str],
    models: ModelCatalogue,
    report: Callable[[str], None] = lambda _: None,
    *,
    dotenv: Mapping[str, str] = MappingProxyType({}),
    override: Callable[[Settings], Settings] = lambda settings: settings,
    every: float = 1.0,
) -> SettingsStore[SettingsSnapshot]:
    """Open the settings file at ``path``; ``environ`` and ``dotenv`` are laid over it, then ``override`` over both.

    ``models`` is shared, since it is large. Raises ConfigError when the file or the environment makes no sense.
    """

    def derive(loaded: Loaded) -> SettingsSnapshot:
        providers = Known(loaded.settings.providers, models).providers
        laid = environment.apply(loaded.settings, environment.overlay(environ, dotenv, providers))
        laid = replace(laid, settings=override(laid.settings))
        known = Known(laid.settings.providers, models)
        return SettingsSnapshot(loaded.settings, laid, known, (*loaded.troubles, *laid.warnings))

    return SettingsStore(path, derive, report, every=every)
