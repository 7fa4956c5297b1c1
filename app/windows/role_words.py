"""What the roles are called and play, for a person who has not read anything."""

from __future__ import annotations

from typing import assert_never

from PySide6.QtCore import QCoreApplication

from proxy_core.config.settings import Role

translate = QCoreApplication.translate


def role_words(role: Role) -> str:
    """Which requests a role plays, in some words."""
    match role:
        case Role.BIG:
            return translate("Roles", "Sonnet and Opus requests")
        case Role.SMALL:
            return translate("Roles", "Haiku: titles, quick checks")
        case Role.THINKER:
            return translate("Roles", "When thinking is asked for")
        case Role.OPUS:
            return translate("Roles", "Opus requests alone")
        case Role.SUBAGENT:
            return translate("Roles", "Requests of subagents")
        case Role.LONG:
            return translate("Roles", "Long inputs")
        case Role.VISION:
            return translate("Roles", "Images that a model cannot see")
        case _:
            assert_never(role)
