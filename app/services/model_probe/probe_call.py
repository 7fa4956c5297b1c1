"""One request through the proxy, as a client makes it, and its answer with the times at which it came."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from proxy_core.anthropic_api.accumulator import MessageAccumulator
from proxy_core.anthropic_api.json_text import dumps, loads
from proxy_core.anthropic_api.sse import FrameSplitter
from proxy_core.config import http_client
from proxy_core.config.secret import Secret
from proxy_core.ledger.answer_usage import recorded_usage
from proxy_core.ledger.request_events import RecordedUsage
from proxy_core.messages import HEADER, from_header

if TYPE_CHECKING:
    import httpx

_SECONDS: Final = 300.0
"""Without a byte. A local model that has to be loaded first takes minutes."""


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
    timed, shown = _TimedMessage(), ""
    for moment, events in _moments(response, began):
        timed.feed(moment, events)
        if (text := timed.text) != shown:
            shown = text
            told(shown)
    return timed.answer()


def _moments(response: httpx.Response, began: float) -> Iterator[tuple[float, list[dict[str, Any]]]]:
    frames = FrameSplitter()
    for piece in response.iter_bytes():
        yield time.monotonic() - began, [loads(frame) for frame in frames.feed(piece)]


class _TimedMessage:
    """An answer as its events come, and when its content came."""

    def __init__(self) -> None:
        self._accumulator = MessageAccumulator()
        self._first: float | None = None
        self._last = 0.0
        self._pieces = 0

    def feed(self, moment: float, events: list[dict[str, Any]]) -> None:
        """Add the events that one read brought, ``moment`` seconds after the request."""
        if any(_is_content(event) for event in events):
            self._first = moment if self._first is None else self._first
            self._last = moment
            self._pieces += 1
        for event in events:
            self._accumulator.feed(event)

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._accumulator.message.texts("text"))

    def answer(self) -> ProbeAnswer:
        """Return the whole answer. One without an end is a refusal."""
        message = self._accumulator.message
        calls = [block for block in message.content if block.get("type") == "tool_use"]
        return ProbeAnswer(
            200,
            "".join(message.texts("text")),
            tuple((str(call.get("name", "")), call.get("input")) for call in calls),
            recorded_usage(message.usage) or RecordedUsage(),
            message.stop_reason,
            self._first,
            self._last,
            self._pieces,
            message.error_text or ("" if message.ended_well else "The answer broke off before its end."),
        )


def _is_content(event: Mapping[str, Any]) -> bool:
    match event:
        case {
            "type": "content_block_delta",
            "delta": {"type": "text_delta" | "input_json_delta" | "thinking_delta"},
        }:
            return True
        case _:
            return False


def _refusal(response: httpx.Response) -> str:
    """Return what the proxy refused with: its message by code, else the text of its error."""
    if message := from_header(response.headers.get(HEADER, "")):
        return message
    try:
        return str(loads(response.read())["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return "The proxy's answer is not one of its own."
