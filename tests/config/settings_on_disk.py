"""A settings file as tests put it down, whole or broken, and what was set aside of it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from proxy_core.config.settings import Profile, Role, Settings
from proxy_core.config.settings_file import Clock, Loaded, change

AT = 1_763_800_000.0


BROKEN = b"version = 1\n[proxy]\nport = = 9\n"


WORK = replace(Settings(), profile="Work", profiles={"Work": Profile({Role.BIG: "openai/gpt-4o"})})


def save(path: Path, settings: Settings, clock: Clock = time.time) -> Loaded:
    """Have the file at ``path`` say ``settings``."""
    return change(path, lambda _: settings, clock)


def put(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob("settings.toml.broken-*"))
