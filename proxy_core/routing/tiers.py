"""The size of model that a Claude name asks for."""

from __future__ import annotations

from proxy_core.config.settings import Role
from proxy_core.routing.model_ids import role_of, withdrawn


def tier(model: str) -> Role | None:
    """Return BIG, SMALL or OPUS for a Claude name, the role for a role id, None for any other model."""
    if (role := role_of(model)) is not None:
        return role
    name = withdrawn(model).lower()
    if not name.startswith(("claude", "anthropic/claude")):
        return None
    if "haiku" in name:
        return Role.SMALL
    return Role.OPUS if "opus" in name else Role.BIG
