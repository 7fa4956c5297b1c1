"""What a client may ask for, as entries of Anthropic's list: the roles, who plays them, and all that is reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from proxy_core.api.context import Facts
from proxy_core.catalogue import words
from proxy_core.catalogue.live_models import ProviderListing
from proxy_core.catalogue.values import ModelFacts
from proxy_core.config.settings import DEFAULT_ROLES, PASSTHROUGH, Profile, Role
from proxy_core.errors import InvalidRequest
from proxy_core.routing.model_ids import offered, role_id, role_of, split, withdrawn
from proxy_core.routing.roles import model_of, resolve
from proxy_core.routing.tiers import tier

Entry = dict[str, Any]

MOST: Final = 1_000
"""Entries of a page, as at Anthropic. Also what is given where no number is asked for: most clients read one page."""

_DESCRIPTION: Final = 100
"""Characters of a description that Claude Code shows."""

_CREATED: Final = "2025-01-01T00:00:00Z"
"""The list wants a date; roles and other vendors' models have none that a client could use."""


class ModelList:
    """The entries under one profile, made of what is known and what is ``reached``."""

    def __init__(self, profile: Profile, facts: Facts, reached: Iterable[ProviderListing]) -> None:
        self._roles = profile.roles
        self._facts = facts
        self._live = {model.id: model for provider in reached for model in provider.models}

    def entries(self) -> list[Entry]:
        """The roles that are set, then the models behind them, then whatever else is reached; each once."""
        roles = [role for role in Role if self._is_set(role)]
        played = dict.fromkeys(target for role in roles if (target := self._target(role)) != PASSTHROUGH)
        return [self._role(role) for role in roles] + [self._model(id_) for id_ in {**played, **self._live}]

    def find(self, id_: str) -> Entry | None:
        """The entry for any id that a request may name and that is known here; None for any other."""
        if (role := role_of(id_)) is not None:
            return self._role(role) if self._is_set(role) else None
        name = withdrawn(id_)
        explicit = split(name, self._facts.is_provider)
        if not explicit.provider and (role := tier(name)) is not None:
            return {**self._role(role), "id": id_}
        resolved = resolve(name, self._facts)
        if self._facts.provider(resolved.provider) is None:
            return None
        model = str(resolved)
        if model not in self._live and self._facts.model(*model.split("/", 1)) == ModelFacts(model):
            return None
        return {**self._model(model), "id": id_}

    def _role(self, role: Role) -> Entry:
        target = self._target(role)
        if target == PASSTHROUGH:
            return _entry(role_id(role), f"{role.name} · Anthropic", "Goes to Anthropic unchanged", target)
        described = words.description(self._known(target))
        name = target.partition("/")[2]
        return _entry(role_id(role), f"{role.name} · {name}", f"{target} · {described}".rstrip(" ·"), target)

    def _model(self, id_: str) -> Entry:
        provider, _, name = id_.partition("/")
        known = self._facts.provider(provider)
        return _entry(id_, f"{name} · {known.name if known else provider}", words.description(self._known(id_)), id_)

    def _is_set(self, role: Role) -> bool:
        return role in DEFAULT_ROLES or role in self._roles

    def _target(self, role: Role) -> str:
        value = model_of(role, self._roles, self._facts)
        return value if value == PASSTHROUGH else str(resolve(value, self._facts))

    def _known(self, id_: str) -> ModelFacts:
        return self._live.get(id_) or self._facts.model(*id_.split("/", 1))


def page(entries: list[Entry], query: Mapping[str, str]) -> dict[str, Any]:
    """The page of ``entries`` that ``query`` asks for with ``limit``, ``after_id`` and ``before_id``.

    Source: Anthropic's reference, *List models*. Raises :class:`InvalidRequest`.
    """
    limit = _limit(query.get("limit", ""))
    first, last = 0, len(entries)
    if after := query.get("after_id"):
        first = _place(entries, after, "after_id") + 1
    if before := query.get("before_id"):
        last = _place(entries, before, "before_id")
        first = max(first, last - limit)
    shown = entries[first:last][:limit]
    more = first > 0 if before else first + len(shown) < last
    return {
        "data": shown,
        "has_more": more,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
    }


def _limit(text: str) -> int:
    if not text:
        return MOST
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST):
        raise InvalidRequest(f"limit: it has to be a number from 1 to {MOST}.")
    return int(text)


def _place(entries: list[Entry], id_: str, name: str) -> int:
    for number, entry in enumerate(entries):
        if entry["id"] == id_:
            return number
    raise InvalidRequest(f"{name}: the list holds no such model now. Begin with its first page.")


def _entry(id_: str, name: str, description: str, target: str) -> Entry:
    """``target`` is ours to add: what a request for the entry reaches, ``provider/name`` or passthrough."""
    return {
        "type": "model",
        "id": offered(id_),
        "display_name": name,
        "description": description if len(description) <= _DESCRIPTION else f"{description[: _DESCRIPTION - 1]}…",
        "created_at": _CREATED,
        "target": target,
    }
