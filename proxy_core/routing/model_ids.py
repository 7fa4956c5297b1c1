"""Names of models: ``provider/name``, role ids, and the ids under which models are offered to clients."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from proxy_core.config.settings import Role

OWN: Final = "understudy"
"""The provider part of a role's id: ``understudy/big``."""

OFFERED: Final = "claude:"
"""Prefix of a model's id in ``GET /v1/models``: Claude Code lists only ids that start with ``claude``."""


CLAUDE_NAMES: Final[Mapping[Role, str]] = MappingProxyType({Role.SMALL: "claude-haiku-5-5"})
"""The model that Anthropic is asked for by a role id under passthrough; :data:`CLAUDE_NAME` for all other roles."""

CLAUDE_NAME: Final = "claude-opus-5-5"

_WINDOW: Final = re.compile(r"\[\d+[km]\]$", re.IGNORECASE)
"""Claude Code's mark for a larger window (``[1m]``): meant for the client, unknown to every provider."""


@dataclass(frozen=True, slots=True)
class ModelId:
    """A model's id in parts; ``provider`` is empty for a name without one."""

    provider: str
    name: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}" if self.provider else self.name


def role_id(role: Role) -> str:
    """Return the id for the model that has ``role`` when the request arrives."""
    return f"{OWN}/{role.value}"


def role_of(model: str) -> Role | None:
    """Return the role that a role id names, None for any other name."""
    own, _, name = withdrawn(model).lower().partition("/")
    return Role(name) if own == OWN and name in set(Role) else None


def claude_name(model: str) -> str:
    """Return the model to ask Anthropic for: a Claude name unchanged, for a role id the one Claude Code would use."""
    role = role_of(model)
    return model if role is None else CLAUDE_NAMES.get(role, CLAUDE_NAME)


def offered(model: str) -> str:
    """Return the id under which a model is offered to clients."""
    return f"{OFFERED}{model}"


def withdrawn(model: str) -> str:
    """Return the model that a client means: without the offer's prefix, ``[1m]`` and surrounding whitespace."""
    return _WINDOW.sub("", model.strip().removeprefix(OFFERED)).strip()


def split(model: str, is_provider: Callable[[str], bool]) -> ModelId:
    """Split a model's id into provider and name; no provider if the first part is none (``meta-llama/llama-4``).

    The provider is matched in any case (``OpenAI/gpt-5``); ids are lower case.
    """
    whole = withdrawn(model)
    provider, slash, name = whole.partition("/")
    if slash and name:
        for id_ in (provider, provider.lower()):
            if is_provider(id_):
                return ModelId(id_, name)
    return ModelId("", whole)
