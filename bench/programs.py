"""The measured programs: baselines, Understudy, peers, with the way each is started and addressed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Final

from bench import peers
from bench.peers import Absent, Peer

_TOKEN: Final = "us-bench-0123456789abcdef"
_KEY: Final = "sk-bench-0123456789abcdef"

_BARE: Final = ("asyncio", "h11")
"""Uvicorn's default installation, by which the limits were set: see docs/decisions/018-which-floor.md."""

_SHARP: Final = ("uvloop", "httptools")
"""The same loop and parser that Understudy uses."""


class Part(StrEnum):
    """The purpose of a program."""

    NOTHING = "nothing in between"
    FLOOR = "floor"
    OURS = "ours"
    PEER = "peer"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a program runs: its own folder, its port, and the upstream's."""

    folder: Path
    port: int
    upstream: int


@dataclass(frozen=True, slots=True)
class Start:
    """How a program is started: its command, and variables added to a minimal environment."""

    words: tuple[str, ...]
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Program:
    """``relays``: Anthropic's format on both sides. ``model`` is requested of it. ``start`` is None if there is
    nothing to start.
    """

    name: str
    part: Part
    relays: bool
    start: Callable[[Place], Start] | None = None
    model: str = "claude-sonnet-4-5"
    version: str = ""
    absent: str = ""


STRAIGHT: Final = "nothing in between"
BARE_RELAY: Final = "bare ASGI + aiohttp, relay"
FASTAPI_RELAY: Final = "FastAPI + httpx, relay"
TRANSLATOR: Final = "bare ASGI + aiohttp + orjson, translating"
SHARP_RELAY: Final = "bare relay on uvloop + httptools"
SHARP_TRANSLATOR: Final = "bare translator on uvloop + httptools"
NODE_RELAY: Final = "node, relay"
RELAY: Final = "understudy, relay"
DIRECT: Final = "understudy, direct"
LITELLM: Final = "LiteLLM proxy"
ROUTER: Final = "claude-code-router"


def programs() -> tuple[Program, ...]:
    """Return all programs in the order of the table. A peer that is not installed has the reason in ``absent``."""
    ours = metadata.version("understudy")
    return (
        Program(STRAIGHT, Part.NOTHING, relays=True),
        _peer(NODE_RELAY, peers.node_relay, _start_node_relay, relays=True),
        Program(BARE_RELAY, Part.FLOOR, relays=True, start=_floor("bare_relay")),
        Program(SHARP_RELAY, Part.FLOOR, relays=True, start=_floor("bare_relay", _SHARP)),
        Program(FASTAPI_RELAY, Part.FLOOR, relays=True, start=_floor("fastapi_relay")),
        Program(RELAY, Part.OURS, relays=True, start=_understudy, version=ours),
        Program(TRANSLATOR, Part.FLOOR, relays=False, start=_floor("bare_translator")),
        Program(SHARP_TRANSLATOR, Part.FLOOR, relays=False, start=_floor("bare_translator", _SHARP)),
        Program(DIRECT, Part.OURS, relays=False, start=_understudy, model="openai/gpt-4.1", version=ours),
        _peer(ROUTER, peers.claude_code_router, _start_router),
        _peer(LITELLM, peers.litellm, _start_litellm),
    )


def headers_of(program: Program) -> dict[str, str]:
    """Return the credential that the program expects; all get the same."""
    return {} if program.part is Part.NOTHING else {"authorization": f"Bearer {_TOKEN}"}


def _floor(name: str, uvicorn: tuple[str, str] = _BARE) -> Callable[[Place], Start]:
    """Return how to start a baseline. ``uvicorn``: its loop and its HTTP parser."""

    def start(place: Place) -> Start:
        words = (sys.executable, "-m", f"bench.floors.{name}", str(place.port), str(place.upstream), *uvicorn)
        return Start(words, {"PYTHONPATH": str(peers.ROOT)})

    return start


def _start_node_relay(peer: Peer, place: Place) -> Start:
    return Start((*peer.words, str(place.port), str(place.upstream)), {})


def _understudy(place: Place) -> Start:
    """Start it as users do: guard, routing, budget, ledger; a key and an address for each of the two engines."""
    script = Path(sys.executable).with_name("understudy.exe" if os.name == "nt" else "understudy")
    variables = {
        "UNDERSTUDY_TOKEN": _TOKEN,
        "OPENAI_API_KEY": _KEY,
        "OPENAI_BASE_URL": f"http://127.0.0.1:{place.upstream}/v1",
        "ANTHROPIC_API_KEY": _KEY,
        "UNDERSTUDY_PASSTHROUGH_URL": f"http://127.0.0.1:{place.upstream}",
        "BIG_MODEL": "passthrough",
    }
    return Start((str(script), "serve", "--port", str(place.port)), variables)


def _peer(
    name: str, find: Callable[[], Peer], start: Callable[[Peer, Place], Start], *, relays: bool = False
) -> Program:
    try:
        peer = find()
    except Absent as absent:
        return Program(name, Part.PEER, relays=relays, absent=str(absent))
    return Program(name, Part.PEER, relays=relays, start=lambda place: start(peer, place), version=peer.version)


def _start_litellm(peer: Peer, place: Place) -> Start:
    """Start it like the others: one worker, chat completions upstream, no downloads."""
    upstream = {"model": "openai/gpt-4.1", "api_base": f"http://127.0.0.1:{place.upstream}/v1", "api_key": _KEY}
    config = {
        "model_list": [{"model_name": "claude-sonnet-4-5", "litellm_params": upstream}],
        "litellm_settings": {"drop_params": True, "use_chat_completions_url_for_anthropic_messages": True},
        "general_settings": {"master_key": _TOKEN},
    }
    file = place.folder / "config.yaml"
    file.write_text(json.dumps(config), "utf-8")  # JSON is valid YAML
    words = (
        *peer.words,
        "--config",
        str(file),
        "--host",
        "127.0.0.1",
        "--port",
        str(place.port),
        "--telemetry",
        "False",
    )
    variables = {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
        "LITELLM_LOG": "ERROR",
        "NO_DOCS": "True",
        "DISABLE_ADMIN_UI": "True",
    }
    return Start(words, variables)


def _start_router(peer: Peer, place: Place) -> Start:
    provider = {
        "name": "bench",
        "api_base_url": f"http://127.0.0.1:{place.upstream}/v1/chat/completions",
        "api_key": _KEY,
        "models": ["gpt-4.1"],
    }
    config = {
        "HOST": "127.0.0.1",
        "PORT": place.port,
        "APIKEY": _TOKEN,
        "LOG": False,
        "NON_INTERACTIVE_MODE": True,
        "Providers": [provider],
        "Router": {"default": "bench,gpt-4.1"},
    }
    file = place.folder / ".claude-code-router" / "config.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(config), "utf-8")
    return Start((*peer.words, "start"), {})
