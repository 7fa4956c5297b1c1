"""Claude Code's own settings files: their paths, their content, and what a launch keeps of it. Read-only."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_MANAGED_FOLDERS: Final = {
    "linux": "/etc/claude-code",
    "darwin": "/Library/Application Support/ClaudeCode",
    "win32": "C:/Program Files/ClaudeCode",
}


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A settings file. Managed settings outrank ``--settings``; the others do not."""

    path: Path
    managed: bool


@dataclass(frozen=True, slots=True)
class KeptValues:
    """Values of settings files that a launch keeps although it overrides them.

    ``user_env`` is the env block of the user's own file; ``no_proxy`` are the values of NO_PROXY in all of them.
    """

    user_env: Mapping[str, str] = field(default_factory=dict)
    no_proxy: tuple[str, ...] = ()


def places(
    home: Path, project: Path, environ: Mapping[str, str], managed: Path | None = None
) -> tuple[SettingsFile, ...]:
    """Return the files that a session in ``project`` reads, existing or not, the highest-ranking first.

    ``home`` is the user's home folder; ``CLAUDE_CONFIG_DIR`` in ``environ`` moves Claude Code's. ``managed`` is the
    folder of an administrator's settings, the system's default if None.
    """
    folder = managed or Path(_MANAGED_FOLDERS.get(sys.platform, _MANAGED_FOLDERS["linux"]))
    return (
        SettingsFile(folder / "managed-settings.json", True),
        *(SettingsFile(path, True) for path in sorted((folder / "managed-settings.d").glob("*.json"))),
        SettingsFile(project / ".claude" / "settings.local.json", False),
        SettingsFile(project / ".claude" / "settings.json", False),
        SettingsFile(_user_file(home, environ), False),
    )


def kept(home: Path, project: Path, environ: Mapping[str, str]) -> KeptValues:
    """Return what a launch in ``project`` keeps of the settings files; unreadable ones are skipped."""
    blocks = [_strings(place.path) for place in places(home, project, environ)]
    values = (block[name] for block in blocks for name in ("NO_PROXY", "no_proxy") if name in block)
    return KeptValues(_strings(_user_file(home, environ)), tuple(dict.fromkeys(values)))


def read(path: Path) -> Any:
    """Return a file's content, of any type. Raises OSError and ValueError."""
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except RecursionError as error:
        raise ValueError("too many levels") from error


def env_block(settings: Any) -> Mapping[str, Any]:
    """Return the env block of settings, empty if there is none."""
    block = settings.get("env") if isinstance(settings, dict) else None
    return block if isinstance(block, dict) else {}


def _user_file(home: Path, environ: Mapping[str, str]) -> Path:
    return Path(environ.get("CLAUDE_CONFIG_DIR") or home / ".claude") / "settings.json"


def texts(block: Mapping[str, Any]) -> dict[str, str]:
    """Return an env block as variables: Claude Code converts numbers and booleans to text."""
    return dict(_texts(block))


def _strings(path: Path) -> dict[str, str]:
    try:
        return texts(env_block(read(path)))
    except (OSError, ValueError):
        return {}


def _texts(block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in block.items():
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, bool | int | float):
            yield name, json.dumps(value)
