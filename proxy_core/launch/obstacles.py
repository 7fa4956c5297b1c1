"""Claude Code's own settings that would overrule a launch, each with its file. Read-only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

from proxy_core.launch import settings_files
from proxy_core.launch.claude_code import BEARER, CREDENTIALS, HEADERS, OTHER_WAYS, SOCKET
from proxy_core.launch.settings_files import SettingsFile
from proxy_core.routing.model_ids import OWN


class Severity(Enum):
    """The effect of an obstacle on a launch."""

    STOPS = "stops"
    """The session would not reach this proxy, or would be refused."""
    CHANGES = "changes"
    """The session works, with a difference from what is set here."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """``place`` is the file, ``key`` the setting's dotted name, ``sentence`` its effect and the remedy."""

    place: Path
    key: str
    weight: Severity
    sentence: str


@dataclass(frozen=True, slots=True)
class _File:
    """A settings file. Managed settings outrank ``--settings``; the others do not."""

    path: Path
    settings: Mapping[str, Any]
    managed: bool


_STEERING: Final = ("ANTHROPIC_BASE_URL", SOCKET, *OTHER_WAYS)
_LOOPBACK: Final = frozenset({"127.0.0.1", "*"})
_OURS: Final = ("ANTHROPIC_MODEL", "ANTHROPIC_DEFAULT_", "CLAUDE_CODE_MAX_", "CLAUDE_CODE_AUTO_COMPACT_WINDOW")


def obstacles(
    home: Path, project: Path, environ: Mapping[str, str], managed: Path | None = None
) -> tuple[Obstacle, ...]:
    """Return everything that would overrule a launch in ``project``.

    ``home`` is the user's home folder; ``CLAUDE_CONFIG_DIR`` in ``environ`` moves Claude Code's. ``managed`` is the
    folder of an administrator's settings, the system's default if None. Settings of a device manager without a file
    (macOS profiles, the Windows registry, a server) are not seen.
    """
    found = settings_files.places(home, project, environ, managed)
    return tuple(obstacle for place in found for obstacle in _in_file(place))


def _in_file(place: SettingsFile) -> Iterator[Obstacle]:
    path = place.path
    try:
        settings = settings_files.read(path)
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        yield Obstacle(path, "", Severity.CHANGES, f"{path} cannot be read: Claude Code may ignore it, or not start.")
        return
    if not isinstance(settings, dict):
        return
    file = _File(path, settings, place.managed)
    block = settings_files.env_block(settings)
    yield from _credentials(file, block)
    yield from _steering(file, block)
    yield from _models(file, block)


def _credentials(file: _File, block: Mapping[str, Any]) -> Iterator[Obstacle]:
    """Yield credentials: one displaces one of the two headers that carry the token; only both together shut the
    session out.
    """
    if BEARER in block and HEADERS in block:
        yield Obstacle(
            file.path,
            f"env.{BEARER}",
            Severity.STOPS,
            f"{file.path} sets {BEARER} and {HEADERS} in its env block, so the proxy's token is not sent: "
            f"take one of them out.",
        )
    for name in (BEARER, *CREDENTIALS):
        if name in block:
            yield Obstacle(
                file.path,
                f"env.{name}",
                Severity.CHANGES,
                f"{file.path} sets {name} in its env block: the session sends it to this proxy, "
                f"which does not pass it on unless a role is passthrough.",
            )
    if file.managed and file.settings.get("apiKeyHelper"):
        yield Obstacle(
            file.path,
            "apiKeyHelper",
            Severity.CHANGES,
            f"{file.path} sets apiKeyHelper: its key is sent to this proxy, which does not pass it on "
            f"unless a role is passthrough.",
        )


def _steering(file: _File, block: Mapping[str, Any]) -> Iterator[Obstacle]:
    """Yield other addresses: what ``--settings`` outranks is no obstacle."""
    if file.managed:
        for name in _STEERING:
            if block.get(name):
                yield Obstacle(
                    file.path,
                    f"env.{name}",
                    Severity.STOPS,
                    f"{file.path} sets {name} in its env block, and an administrator's settings outrank a launch: "
                    f"the session would not reach this proxy.",
                )
        for name in ("NO_PROXY", "no_proxy"):
            value = block.get(name)
            if isinstance(value, str) and value and not _LOOPBACK & {*re.split(r"[,\s]+", value)}:
                yield Obstacle(
                    file.path,
                    f"env.{name}",
                    Severity.STOPS,
                    f"{file.path} sets {name} without 127.0.0.1 in its env block, and an administrator's settings "
                    f"outrank a launch: requests to this proxy could go through another one. "
                    f"Ask the administrator to add 127.0.0.1.",
                )
    elif block.get(SOCKET):  # older versions then accept no other address, not even a higher-ranking one
        yield Obstacle(
            file.path,
            f"env.{SOCKET}",
            Severity.STOPS,
            f"{file.path} sets {SOCKET} in its env block: the session could go there instead of to this proxy. "
            f"Take that line out.",
        )


def _models(file: _File, block: Mapping[str, Any]) -> Iterator[Obstacle]:
    model = file.settings.get("model")
    if isinstance(model, str) and model.startswith(f"{OWN}/"):
        yield Obstacle(
            file.path,
            "model",
            Severity.CHANGES,
            f'{file.path} has "model": "{model}" (saved by /model): Claude Code without Understudy would not find it. '
            f"Take that line out, or choose another with /model there.",
        )
    if not file.managed:
        return
    for name in block:
        if name.startswith(_OURS):
            yield Obstacle(
                file.path,
                f"env.{name}",
                Severity.CHANGES,
                f"{file.path} sets {name} in its env block, and an administrator's settings outrank a launch.",
            )
    if isinstance(file.settings.get("availableModels"), list):
        yield Obstacle(
            file.path,
            "availableModels",
            Severity.CHANGES,
            f"{file.path} lists the models that may be used: {OWN}/big may be refused.",
        )
