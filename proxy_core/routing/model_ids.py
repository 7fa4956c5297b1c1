"""How models are named: ``provider/name``, the ids of roles, and the ids under which models are offered to clients."""

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
"""In front of a model's id in ``GET /v1/models``: Claude Code lists only ids that begin with ``claude``."""


CLAUDE_NAMES: Final[Mapping[Role, str]] = MappingProxyType({Role.SMALL: "claude-haiku-5-5"})
"""What a role's id is called at Anthropic when the role is passthrough; any other role is :data:`CLAUDE_NAME`."""

CLAUDE_NAME: Final = "claude-opus-5-5"

_WINDOW: Final = re.compile(r"\[\d+[km]\]$", re.IGNORECASE)
"""Claude Code's note on a name that its window is larger (``[1m]``): for the client alone, no provider knows it."""


@dataclass(frozen=True, slots=True)
class ModelId:
    """``provider`` is empty where the name came without one."""

    provider: str
    name: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}" if self.provider else self.name


def role_id(role: Role) -> str:
    """The id that stands for whatever plays ``role`` at the moment of the request."""
    return f"{OWN}/{role.value}"


def role_of(model: str) -> Role | None:
    """The role that a role id names."""
    own, _, name = withdrawn(model).lower().partition("/")
    return Role(name) if own == OWN and name in set(Role) else None


def claude_name(model: str) -> str:
    """What Anthropic is asked for: a Claude name as it is, for a role's id what Claude Code would have taken."""
    role = role_of(model)
    return model if role is None else CLAUDE_NAMES.get(role, CLAUDE_NAME)


def offered(model: str) -> str:
    """The id under which a model is offered to clients."""
    return f"{OFFERED}{model}"


def withdrawn(model: str) -> str:
    """The model that a client means: without what marks an offered id, without ``[1m]`` and surrounding blanks."""
    return _WINDOW.sub("", model.strip().removeprefix(OFFERED)).strip()


def split(model: str, is_provider: Callable[[str], bool]) -> ModelId:
    """Part a model's id into its provider and name; no provider where the first part is none (``meta-llama/llama-4``).

    A provider counts in any case (``OpenAI/gpt-5``); ids are written in small letters.
    """
    whole = withdrawn(model)
    provider, slash, name = whole.partition("/")
    if slash and name:
        for id_ in (provider, provider.lower()):
            if is_provider(id_):
                return ModelId(id_, name)
    return ModelId("", whole)
