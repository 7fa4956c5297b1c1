"""Settings out of a parsed TOML document, and the keys in which two settings differ. No I/O.

Both follow from the declarations in ``settings``. An unknown key is left alone; a key whose value breaks its rule falls
to its default, with one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Never

from proxy_core.config.setting_rules import SettingRule, item_of, rule_of
from proxy_core.config.settings import PASSTHROUGH, ROLE_RULE, VERSION, Profile, Role, Settings

Key = tuple[str, ...]
"""A place in the document: ``("profiles", "Default", "big")``."""

Changes = Mapping[Key, str | int | float | bool | Mapping[str, Never] | None]
"""New values by key. None takes a key or a whole table out; an empty mapping asks for a table, empty if it is new."""

_PROVIDER_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
_RESERVED_IDS: Final = frozenset({"local-token", PASSTHROUGH, "understudy"})
_DEFAULTS: Final = Settings()
_KINDS: Final[Mapping[type, str]] = MappingProxyType(
    {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
)


class _WrongValueError(ValueError):
    """A value breaks its key's rule; the text says what the key wants."""


def parse(document: Mapping[str, Any]) -> tuple[Settings, tuple[str, ...]]:
    """Return the settings in a parsed document, and a sentence for each thing in it that was not understood."""
    troubles: list[str] = []
    version = document.get("version", VERSION)
    if not isinstance(version, int) or isinstance(version, bool):
        troubles.append(f"version = {version!r} is not a number; the file is read as version {VERSION}.")
    elif version > VERSION:
        troubles.append(
            f"The settings were written by a newer Understudy (version {version}; this one knows {VERSION}). What is "
            "understood is used, the rest is kept in the file."
        )
    values = {declared.name: _part(document, declared, troubles) for declared in fields(Settings)}
    values["profiles"] = values["profiles"] or dict(_DEFAULTS.profiles)
    settings = Settings(**values)
    if settings.profile not in settings.profiles:
        troubles.append(f"profile = {settings.profile!r} names no profile; the default models are used.")
    return settings, tuple(troubles)


def changed_keys(before: Settings, after: Settings) -> Changes:
    """Return what differs: the one diff of settings, for the file, for what has to restart, for what is drawn again.

    The keys of a section have their values. In a table of the user's own, a value like the default is one that is not
    there, and an item that is gone is one change.
    """
    old, new = dict(_flat(before)), dict(_flat(after))
    gone = {key: None for key in old if key not in new}
    changes: dict[Key, Any] = {key: None for key in gone if key[:2] == key or key[:2] not in gone}
    if list(before.profiles) != list(after.profiles):  # "Default" may be there unwritten
        changes |= {("profiles", name): {} for name in after.profiles}
    return changes | {key: value for key, value in new.items() if key not in old or old[key] != value}


def touches(changed: Iterable[Key], *names: str) -> bool:
    """Return whether a changed key is one of these dotted names, or lies below one."""
    prefixes = [tuple(name.split(".")) for name in names]
    return any(key[: len(prefix)] == prefix for key in changed for prefix in prefixes)


def with_changes(settings: Settings, changes: Changes) -> tuple[Settings, tuple[str, ...]]:
    """Return ``settings`` with the changes made, as :func:`parse` does: a value that breaks its rule is a trouble."""
    document: dict[str, Any] = {}
    for (*tables, last), value in (*changed_keys(_DEFAULTS, settings).items(), *changes.items()):
        here = document
        for name in tables:
            here = here.setdefault(name, {})
        match value:
            case None:
                here.pop(last, None)
            case Mapping():
                here.setdefault(last, {})
            case _:
                here[last] = value
    return parse(document)


def _flat(settings: Settings) -> Iterator[tuple[Key, Any]]:
    """Yield every key that a file would hold; an item of a table comes first, as an empty one."""
    for declared in fields(Settings):
        name, part = declared.name, getattr(settings, declared.name)
        if item := item_of(declared):
            rules = _rules(item)
            for id_, section in part.items():
                yield (name, id_), {}
                for key, value in _values(section):
                    if value != rules[key].default:
                        yield (name, id_, key), value
        elif is_dataclass(part):
            yield from (((name, key), value) for key, value in _values(part))
        else:
            yield (name,), part


def _rules(section: type) -> Mapping[str, SettingRule]:
    if section is Profile:
        return {role.value: ROLE_RULE for role in Role}
    return {declared.name: rule_of(declared) for declared in fields(section)}


def _values(section: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(section, Profile):
        yield from ((role.value, section.roles[role]) for role in Role if role in section.roles)
        return
    for declared in fields(section):
        value = getattr(section, declared.name)
        yield declared.name, value.value if isinstance(value, StrEnum) else value


def _part(document: Mapping[str, Any], declared: Field[Any], troubles: list[str]) -> Any:
    name, default = declared.name, getattr(_DEFAULTS, declared.name)
    if item := item_of(declared):
        table = _table(document, (name,), troubles)
        return {
            id_: _section(table, (name, id_), item, troubles)
            for id_ in table
            if name != "providers" or _is_provider_id(id_, troubles)
        }
    if is_dataclass(default):
        return _section(document, (name,), type(default), troubles)
    return _value(document, (name,), rule_of(declared), troubles)


def _is_provider_id(id_: str, troubles: list[str]) -> bool:
    if _PROVIDER_ID.fullmatch(id_) and id_ not in _RESERVED_IDS:
        return True
    troubles.append(
        f"[providers.{id_}] is left out: a provider's id is made of small letters, digits, '-', '_' and '.', "
        f"and is none of {', '.join(sorted(_RESERVED_IDS))}."
    )
    return False


def _section(document: Mapping[str, Any], key: Key, section: type, troubles: list[str]) -> Any:
    table = _table(document, key, troubles)
    values = {name: _value(table, (*key, name), rule, troubles) for name, rule in _rules(section).items()}
    if section is Profile:
        return Profile({Role(name): model for name, model in values.items() if model})
    return section(**values)


def _table(document: Mapping[str, Any], key: Key, troubles: list[str]) -> Mapping[str, Any]:
    table = document.get(key[-1], {})
    if isinstance(table, Mapping):
        return table
    troubles.append(f"[{'.'.join(key)}] should be a table; it is left out.")
    return {}


def _value(table: Mapping[str, Any], key: Key, rule: SettingRule, troubles: list[str]) -> Any:
    given = table.get(key[-1])
    if given is None:  # TOML has no null
        return rule.default
    try:
        return _checked(given, rule)
    except _WrongValueError as wrong:
        troubles.append(f"{'.'.join(key)} = {_shown(given)} is not {wrong}; {_instead(rule.default)}.")
        return rule.default


def _checked(given: object, rule: SettingRule) -> Any:
    if issubclass(rule.kind, StrEnum):
        names = [member.value for member in rule.kind]
        if given not in names:
            raise _WrongValueError(f"one of {', '.join(names)}")
        return rule.kind(given)
    if rule.kind is float and type(given) is int:
        given = float(given) if abs(given) < 1e300 else float("inf")
    if type(given) is not rule.kind:
        raise _WrongValueError(_KINDS[rule.kind])
    if not rule.accepts(given):
        raise _WrongValueError(rule.wants)
    return given


def _shown(value: object) -> str:
    """Return ``value`` for a person, without what may be a key that was put in the wrong place."""
    text = re.sub(r"[^\s'\"/:.@]{16,}", "…", repr(value))
    return text if len(text) <= 60 else f"{text[:57]}…"


def _instead(default: object) -> str:
    if default in ("", None):
        return "it is left out"
    return f"{default.value if isinstance(default, StrEnum) else default!r} is used"
