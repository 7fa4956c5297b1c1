"""The form of the settings file: what a parsed TOML document says, and the changes that make it say something else.

A key that is unknown is left alone; a key whose value is wrong falls to its default, with a sentence. No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Never, TypeVar, cast
from urllib.parse import urlsplit

from proxy_core.config.settings import (
    PASSTHROUGH,
    VERSION,
    Engine,
    Price,
    Profile,
    ProjectSettings,
    ProviderSettings,
    Role,
    Settings,
    Timeouts,
)

Key = tuple[str, ...]
"""A place in the document: ``("profiles", "Default", "big")``."""

_PROVIDER_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
_RESERVED_IDS: Final = frozenset({"local-token", PASSTHROUGH, "understudy"})
_DEFAULTS: Final = Settings()
_SECTIONS: Final[Mapping[str, Any]] = MappingProxyType(
    {field.name: part for field in fields(Settings) if is_dataclass(part := getattr(_DEFAULTS, field.name))}
)
"""The parts of the settings that are a table each, as they are by default."""

Section = TypeVar("Section")


class _WrongValueError(ValueError):
    """A value is not of its key's kind; the text says what the key wants."""


@dataclass(frozen=True, slots=True)
class Change:
    """One key to set; to take out when ``value`` is None; to have as a table, empty if it is new, for an empty one."""

    key: Key
    value: str | int | float | bool | Mapping[str, Never] | None


def read(document: Mapping[str, Any]) -> tuple[Settings, tuple[str, ...]]:
    """The settings in a parsed document, and a sentence for each thing in it that was not understood."""
    troubles: list[str] = []
    version = document.get("version", VERSION)
    if not isinstance(version, int) or isinstance(version, bool):
        troubles.append(f"version = {version!r} is not a number; the file is read as version {VERSION}.")
    elif version > VERSION:
        troubles.append(
            f"The settings were written by a newer Understudy (version {version}; this one knows {VERSION}). What is "
            "understood is used, the rest is kept in the file."
        )
    profiles = _profiles(_table(document, ("profiles",), troubles), troubles) or dict(_DEFAULTS.profiles)
    profile = _value(document, ("profile",), _DEFAULTS.profile, troubles)
    if profile not in profiles:
        troubles.append(f"profile = {profile!r} names no profile; the default models are used.")
    settings = Settings(
        profile=profile,
        profiles=profiles,
        providers=_providers(_table(document, ("providers",), troubles), troubles),
        prices=_each(document, "prices", Price(), troubles),
        projects=_each(document, "projects", ProjectSettings(), troubles),
        **{name: _section(document, (name,), default, troubles) for name, default in _SECTIONS.items()},
    )
    return settings, tuple(troubles)


def changes(old: Settings, new: Settings) -> tuple[Change, ...]:
    """What has to be done to a document that says ``old`` so that it says ``new``."""
    return tuple(_changes(old, new))


def _changes(old: Settings, new: Settings) -> Iterator[Change]:
    if old.profile != new.profile:
        yield Change(("profile",), new.profile)
    if list(old.profiles) != list(new.profiles):
        yield from (Change(("profiles", name), None) for name in old.profiles if name not in new.profiles)
        yield from (Change(("profiles", name), {}) for name in new.profiles)  # "Default" may be there unwritten
    for name in new.profiles:
        was = old.profiles.get(name, Profile()).roles
        now = new.profiles[name].roles
        for role in Role:
            if was.get(role) != now.get(role):
                yield Change(("profiles", name, role.value), now.get(role))
    for section in _SECTIONS:
        yield from _field_changes((section,), getattr(old, section), getattr(new, section))
    yield from _each_change("providers", old.providers, new.providers, ProviderSettings())
    yield from _each_change("prices", old.prices, new.prices, Price())
    yield from _each_change("projects", old.projects, new.projects, ProjectSettings())


def _each_change(table: str, old: Mapping[str, object], new: Mapping[str, object], default: object) -> Iterator[Change]:
    """What has to be done to a table of sections; in one of them a field like the default is one that is not there."""
    yield from (Change((table, id_), None) for id_ in old if id_ not in new)
    for id_ in new:
        if id_ not in old and new[id_] == default:
            yield Change((table, id_), {})
        for change in _field_changes((table, id_), old.get(id_, default), new[id_]):
            yield replace(change, value=None) if change.value == getattr(default, change.key[-1]) else change


def _field_changes(key: Key, old: object, new: object) -> Iterator[Change]:
    for field in fields(cast(Any, old)):
        before, now = getattr(old, field.name), getattr(new, field.name)
        if before != now:
            yield Change((*key, field.name), now.value if isinstance(now, StrEnum) else now)


def _profiles(table: Mapping[str, Any], troubles: list[str]) -> dict[str, Profile]:
    found: dict[str, Profile] = {}
    for name in table:
        roles: dict[Role, str] = {}
        for role in Role:
            target = _value(_table(table, ("profiles", name), troubles), ("profiles", name, role.value), "", troubles)
            if target:
                roles[role] = target
        found[name] = Profile(roles)
    return found


def _providers(table: Mapping[str, Any], troubles: list[str]) -> dict[str, ProviderSettings]:
    found: dict[str, ProviderSettings] = {}
    for id_ in table:
        if not _PROVIDER_ID.fullmatch(id_) or id_ in _RESERVED_IDS:
            troubles.append(
                f"[providers.{id_}] is left out: a provider's id is made of small letters, digits, '-', '_' and '.', "
                f"and is none of {', '.join(sorted(_RESERVED_IDS))}."
            )
            continue
        found[id_] = _section(table, ("providers", id_), ProviderSettings(), troubles)
    return found


def _each(document: Mapping[str, Any], name: str, default: Section, troubles: list[str]) -> dict[str, Section]:
    """A table of sections that are all of one kind."""
    table = _table(document, (name,), troubles)
    return {id_: _section(table, (name, id_), default, troubles) for id_ in table}


def _section(document: Mapping[str, Any], key: Key, default: Section, troubles: list[str]) -> Section:
    table = _table(document, key, troubles)
    values = {
        field.name: _value(table, (*key, field.name), getattr(default, field.name), troubles)
        for field in fields(cast(Any, default))
    }
    return type(default)(**values)


def _table(document: Mapping[str, Any], key: Key, troubles: list[str]) -> Mapping[str, Any]:
    table = document.get(key[-1], {})
    if isinstance(table, Mapping):
        return table
    said = f"[{'.'.join(key)}] should be a table; it is left out."
    if said not in troubles:
        troubles.append(said)
    return {}


def _value(table: Mapping[str, Any], key: Key, default: Any, troubles: list[str]) -> Any:
    if key[-1] not in table:
        return default
    try:
        value = _of_kind(table[key[-1]], key, default)
        _check(key, value)
    except _WrongValueError as wrong:
        troubles.append(f"{'.'.join(key)} = {_shown(table[key[-1]])} is not {wrong}; {_instead(default)}.")
        return default
    return value


def _of_kind(value: object, key: Key, default: object) -> Any:
    """``value`` as the kind its key has, told from the key's default."""
    if key[0] == "providers" and key[-1] == "engine":
        return _member(Engine, value)
    if isinstance(default, StrEnum):
        return _member(type(default), value)
    if key[0] == "prices":  # some have no default
        default = 0.0
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise _WrongValueError(_KINDS[type(default)])
    return value


_KINDS: Final[Mapping[type, str]] = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def _member(kind: type[StrEnum], value: object) -> StrEnum:
    names = [member.value for member in kind]
    if value not in names:
        raise _WrongValueError(f"one of {', '.join(names)}")
    return kind(value)


def _check(key: Key, value: Any) -> None:
    wanted, holds = _RULES.get((key[0], key[-1]), _ANYTHING)
    if not holds(value):
        raise _WrongValueError(wanted)


def is_url(value: str) -> bool:
    """An ``http`` or ``https`` address with a host, and without a user name or password: secrets live elsewhere."""
    return _is_proxy_url(value) and "@" not in urlsplit(value).netloc


def _is_proxy_url(value: str) -> bool:
    if re.search(r"[\s\x00-\x1f\x7f]", value):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # a port that is no port, an address in brackets that is none
        return False


def is_model(value: str) -> bool:
    """``provider/name`` or passthrough."""
    provider, _, name = value.partition("/")
    return value == PASSTHROUGH or bool(provider and name and not re.search(r"[\s\x00-\x1f\x7f]", value))


def _is_positive(value: float) -> bool:
    return value > 0 and value != float("inf")


def _is_amount(value: float) -> bool:
    return 0 <= value < float("inf")


Rule = tuple[str, Callable[[Any], bool]]
_ANYTHING: Final[Rule] = ("", lambda _: True)
_SECONDS: Final[Rule] = ("a number of seconds above 0", _is_positive)
_ADDRESS: Final = "an http or https address without a user name or password"

_RULES: Final[Mapping[tuple[str, str], Rule]] = {
    ("proxy", "host"): ("a host name or address", lambda value: bool(value) and not re.search(r"[\s/@]", value)),
    ("proxy", "port"): ("a port from 0 to 65535", lambda value: 0 <= value <= 65535),
    ("proxy", "passthrough_url"): (_ADDRESS, is_url),
    ("proxy", "outgoing_proxy"): ("an http or https address", lambda value: not value or _is_proxy_url(value)),
    **{("timeouts", field.name): _SECONDS for field in fields(Timeouts)},
    ("routing", "long_threshold"): ("a number of tokens above 0", _is_positive),
    ("providers", "base_url"): (_ADDRESS, lambda value: not value or is_url(value)),
    ("log", "days"): ("a number of days above 0", _is_positive),
    ("log", "megabytes"): ("a number of megabytes above 0", _is_positive),
    **{("budget", name): ("an amount of USD, 0 or more", _is_amount) for name in ("daily", "monthly")},
    **{("prices", field.name): ("USD per million tokens, 0 or more", _is_amount) for field in fields(Price)},
    ("terminal", "command"): ("a command line with {script} in it", lambda value: not value or "{script}" in value),
    **{
        ("profiles", role.value): (f"'provider/name' or '{PASSTHROUGH}'", lambda value: not value or is_model(value))
        for role in Role
    },
}


def _shown(value: object) -> str:
    """``value`` for a person, without what may be a key that was put in the wrong place."""
    text = re.sub(r"[^\s'\"/:.@]{16,}", "…", repr(value))
    return text if len(text) <= 60 else f"{text[:57]}…"


def _instead(default: object) -> str:
    return "it is left out" if default in ("", None) else f"{default!r} is used"
