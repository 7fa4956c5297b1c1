"""One request through the proxy, as a client makes it, and its answer with the times at which it came."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from proxy_core.anthropic_api.json_text import dumps, loads
from proxy_core.anthropic_api.sse import FrameSplitter
from proxy_core.config import http_client
from proxy_core.config.secret import Secret
from proxy_core.ledger.request_events import RecordedUsage
from proxy_core.messages import HEADER, from_header

if TYPE_CHECKING:
    import httpx

_SECONDS: Final = 300.0
"""Without a byte. A local model that has to be loaded first takes minutes."""

_CONTENT: Final = frozenset({"text_delta", "input_json_delta", "thinking_delta"})


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """An answer.

    ``first`` and ``last`` are the seconds until the first and the last piece of content, ``pieces`` how many there were
    at different moments. ``refusal`` is the proxy's sentence where there is no whole answer; ``status`` is its status.
    """

    status: int
    text: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    usage: RecordedUsage = field(default_factory=RecordedUsage)
    stop_reason: str = ""
    first: float | None = None
    last: float = 0.0
    pieces: int = 0
    refusal: str = ""


class ProbeClient:
    """Sends requests to the proxy at ``address``, one after the other."""

    def __init__(self, address: str, token: Secret) -> None:
        self._url = f"{address}/v1/messages"
        self._token = token

    def ask(self, body: Mapping[str, Any], told: Callable[[str], None] = lambda _: None) -> ProbeAnswer:
        """The answer to ``body``, streamed. A refusal, a broken answer or no answer at all is heard too.

        ``told`` gets all of the text so far, each time that there is more of it.
        """
        import httpx  # noqa: PLC0415 - 0.1 s

        # The token has a header of its own: under passthrough the others would go on to Anthropic.
        headers = {
            "x-understudy-token": self._token.reveal(),
            "content-type": "application/json",
            "anthropic-version": "2023-06-01",
            "user-agent": "understudy-test",
        }
        began = time.monotonic()
        try:
            content = dumps({**body, "stream": True})
            with (
                http_client.client(self._url, None, seconds=_SECONDS) as client,
                client.stream("POST", self._url, content=content, headers=headers) as response,
            ):
                if response.status_code != HTTPStatus.OK:
                    return ProbeAnswer(response.status_code, refusal=_refusal(response))
                return _listen(response, began, told)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as fault:
            return ProbeAnswer(0, refusal=f"The proxy did not answer ({type(fault).__name__}).")


def _listen(response: httpx.Response, began: float, told: Callable[[str], None]) -> ProbeAnswer:
    hearing, said = _Hearing(), ""
    for moment, events in _moments(response, began):
        hearing.on_event(moment, events)
        if (text := hearing.text) != said:
            said = text
            told(said)
    return hearing.heard()


def _moments(response: httpx.Response, began: float) -> Iterator[tuple[float, list[dict[str, Any]]]]:
    frames = FrameSplitter()
    for piece in response.iter_bytes():
        yield time.monotonic() - began, [loads(frame) for frame in frames.feed(piece)]


class _Hearing:
    """Gathers an answer from its events."""

    def __init__(self) -> None:
        self._blocks: dict[int, dict[str, Any]] = {}
        self._usage: dict[str, int] = {}
        self._stop_reason = ""
        self._refusal = ""
        self._first: float | None = None
        self._last = 0.0
        self._pieces = 0

    def on_event(self, moment: float, events: list[dict[str, Any]]) -> None:
        """The events that one read brought, ``moment`` seconds after the request."""
        if any(event.get("type") == "content_block_delta" and event["delta"]["type"] in _CONTENT for event in events):
            self._first = moment if self._first is None else self._first
            self._last = moment
            self._pieces += 1
        for event in events:
            self._event(event)

    @property
    def text(self) -> str:
        """What was said so far."""
        return "".join(block["text"] for block in self._blocks.values() if block["type"] == "text")

    def heard(self) -> ProbeAnswer:
        """All of it. An answer without an end is a refusal."""
        calls = [
            (block["name"], _parsed(block["json"])) for block in self._blocks.values() if block["type"] == "tool_use"
        ]
        usage = RecordedUsage(
            input=self._usage.get("input_tokens", 0),
            output=self._usage.get("output_tokens", 0),
            cache_read=self._usage.get("cache_read_input_tokens", 0),
            cache_write=self._usage.get("cache_creation_input_tokens", 0),
        )
        refusal = self._refusal or ("" if self._stop_reason else "The answer broke off before its end.")
        return ProbeAnswer(
            200, self.text, tuple(calls), usage, self._stop_reason, self._first, self._last, self._pieces, refusal
        )

    def _event(self, event: Mapping[str, Any]) -> None:
        match event:
            case {"type": "message_start", "message": {"usage": usage}}:
                self._count(usage)
            case {"type": "content_block_start", "index": index, "content_block": block}:
                self._blocks[index] = {"type": block["type"], "name": block.get("name", ""), "text": "", "json": ""}
            case {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": text}}:
                self._blocks[index]["text"] += text
            case {"type": "content_block_delta", "index": index, "delta": {"partial_json": text}}:
                self._blocks[index]["json"] += text
            case {"type": "message_delta", "delta": delta, "usage": usage}:
                self._stop_reason = delta.get("stop_reason") or ""
                self._count(usage)
            case {"type": "error", "error": {"message": message}}:
                self._refusal = str(message)
            case _:
                pass

    def _count(self, usage: Mapping[str, Any]) -> None:
        """As Claude Code does: a number above nothing takes the place of the one before."""
        self._usage |= {name: value for name, value in usage.items() if isinstance(value, int) and value > 0}


def _parsed(text: str) -> Any:
    try:
        return loads(text or "{}")
    except ValueError:  # arguments that were cut off: the check says what is wrong with them
        return None


def _refusal(response: httpx.Response) -> str:
    """Return what the proxy refused with: its message by code, else the text of its error."""
    if message := from_header(response.headers.get(HEADER, "")):
        return message
    try:
        return str(loads(response.read())["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return "The proxy's answer is not one of its own."
