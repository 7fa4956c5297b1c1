"""What of a ``.env`` file goes where: keys to the keyring, the rest to the settings, and what has no meaning here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from proxy_core.catalogue.providers import Providers
from proxy_core.config import environment
from proxy_core.config.environment import OURS, ROLE_VARIABLES, Overlay
from proxy_core.config.key_store import MemoryStore
from proxy_core.config.keys import Keys
from proxy_core.config.secret import Secret
from proxy_core.config.settings import ProviderSettings, Settings

_UNKNOWN: Final = "means nothing here"


@dataclass(frozen=True, slots=True)
class KeyMove:
    """A key that goes into the keyring under ``provider``."""

    variable: str
    provider: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class SettingMove:
    """A setting by its dotted name, its new value, and the one it replaces: empty where the default stood."""

    variable: str
    name: str
    value: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class Left:
    """A variable that goes nowhere, and why."""

    variable: str
    why: str


@dataclass(frozen=True, slots=True)
class Moves:
    """Everything that was found in the file, sorted by what becomes of it."""

    keys: tuple[KeyMove, ...]
    settings: tuple[SettingMove, ...]
    left: tuple[Left, ...]
    overlay: Overlay

    def settings_from(self, settings: Settings) -> Settings:
        """``settings`` with the file's values in them; its roles go into the active profile."""
        return _moved(settings, self.overlay)


def plan_migration(dotenv: Mapping[str, str], settings: Settings, providers: Providers) -> Moves:
    """Sort the variables of a file. Raises ConfigError, naming the variable, when a value makes no sense."""
    given = {name: value for name, value in dotenv.items() if value.strip()}
    overlay = environment.overlay({}, given, providers)
    keys, refused = _keys(given, providers)
    changed = tuple(_settings(settings, overlay))
    used = {*(key.variable for key in keys), *(move.variable for move in changed), *(left.variable for left in refused)}
    left = [*refused, *(Left(name, _why_left(name, overlay, given)) for name in dotenv if name not in used)]
    return Moves(keys, changed, tuple(left), overlay)


def _keys(given: Mapping[str, str], providers: Providers) -> tuple[tuple[KeyMove, ...], tuple[Left, ...]]:
    keys, found, left = Keys({}, given, MemoryStore()), dict[str, KeyMove](), list[Left]()
    for id_ in providers.ids():
        provider = providers.get(id_)
        here = [name for name in provider.key_variables if name in given] if provider else []
        if provider is None or not here or any(name in found for name in here):
            continue
        key = keys.for_provider(provider)
        if key.secret is None:
            left.append(Left(here[0], key.trouble.partition(" in .env ")[2].rstrip(".") or "holds no key"))
        else:
            found[key.variable] = KeyMove(key.variable, provider.id, key.secret)
            left += [Left(name, f"{key.variable} is used") for name in here if name != key.variable]
    return tuple(found.values()), tuple({each.variable: each for each in left if each.variable not in found}.values())


def _settings(settings: Settings, overlay: Overlay) -> Iterator[SettingMove]:
    moved = _moved(settings, overlay)
    for role, given in {**overlay.fallback_roles, **overlay.roles}.items():
        value = moved.active.roles.get(role, "")
        if role in overlay.roles or (value and role not in settings.active.roles):
            before = settings.active.roles.get(role, "")
            yield SettingMove(given.variable, f"{moved.profile}: {role.name}", value, before if before != value else "")
    for id_, given in overlay.base_urls.items():
        before = settings.providers.get(id_, ProviderSettings()).base_url
        yield SettingMove(given.variable, f"{id_}: base URL", given.value, before if before != given.value else "")
    if overlay.port:
        yield SettingMove(
            overlay.port.variable, "port", str(moved.proxy.port), _other(settings.proxy.port, moved.proxy.port)
        )
    if overlay.host and environment.is_loopback(overlay.host.value):
        yield SettingMove(
            overlay.host.variable, "host", moved.proxy.host, _other(settings.proxy.host, moved.proxy.host)
        )


def _other(before: object, after: object) -> str:
    return str(before) if before != after else ""


def _moved(settings: Settings, overlay: Overlay) -> Settings:
    active = environment.profile_under(overlay, settings.active)
    providers = dict(settings.providers)
    for id_, given in overlay.base_urls.items():
        providers[id_] = replace(providers.get(id_, ProviderSettings()), base_url=given.value)
    proxy = settings.proxy
    if overlay.port:
        proxy = replace(proxy, port=int(overlay.port.value))
    if overlay.host and environment.is_loopback(overlay.host.value):
        proxy = replace(proxy, host=overlay.host.value)
    profiles = {**settings.profiles, settings.profile: active} if active.roles else settings.profiles
    return replace(settings, profiles=profiles, providers=providers, proxy=proxy)


def _why_left(name: str, overlay: Overlay, given: Mapping[str, str]) -> str:
    if name not in given:
        return "is empty"
    if name in OURS:
        return "counts only in the process's environment"
    if name == "HOST":
        return "other machines could reach that address: see lan under [proxy] in the settings"
    if name == "PREFERRED_PROVIDER":
        return "says whose the models are, which their new names say themselves"
    if name in ROLE_VARIABLES:
        return "is not used: PREFERRED_PROVIDER is anthropic"
    if name in _base_url_variables(overlay):
        return "another variable of the same provider is used"
    return _UNKNOWN


def _base_url_variables(overlay: Overlay) -> set[str]:
    return {f"{id_.upper()}_{end}" for id_ in overlay.base_urls for end in ("BASE_URL", "API_BASE", "API_BASE_URL")}
