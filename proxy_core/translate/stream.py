"""One answer: the provider's chunks in, the events of an Anthropic stream out, with a true end."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from proxy_core.anthropic_api.events import (
    ErrorEvent,
    Event,
    InputDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    TextDelta,
    ThinkingDelta,
    TokenUsage,
)
from proxy_core.errors import InternalError, StreamBroken, UnderstudyError
from proxy_core.translate.blocks import Blocks
from proxy_core.translate.chunk_reader import ChunkReader
from proxy_core.translate.deltas import Delta, Link, Stop, Usage

STOP_REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("stop", "eos", "eos_token", "end_turn", "complete", "completed", "finished"), "end_turn"),
        **dict.fromkeys(("length", "max_tokens", "max_output_tokens"), "max_tokens"),
        **dict.fromkeys(("tool_calls", "tool_call", "tool_use", "function_call"), "tool_use"),
        **dict.fromkeys(("content_filter", "content_filtered", "refusal", "safety", "sensitive"), "refusal"),
        **dict.fromkeys(("recitation", "blocklist", "prohibited_content", "spii", "model_armor"), "refusal"),
        **dict.fromkeys(("image_safety", "guardrail_intervened"), "refusal"),
        "stop_sequence": "stop_sequence",
        **dict.fromkeys(("model_length", "model_context_window_exceeded"), "model_context_window_exceeded"),
    }
)
"""A provider's finish reason, in small letters → Anthropic's stop reason. Any other word is a fault: a good end needs a
sign of its own, and there are many words for a bad one (``abort``, ``network_error``, ``MALFORMED_FUNCTION_CALL``).
"""

_GOOD: Final = frozenset({"end_turn", "tool_use", "stop_sequence"})


class StreamTranslator:
    """Translates one answer. Feed it every chunk, then :meth:`finish` once, or :meth:`fail` when it broke.

    ``message_id`` is the answer's id (``msg_…``), ``model`` the name the client asked for, ``names`` maps functions
    upstream to tools where the names differ, ``provider`` is the id of who answers. After the end ``usage`` holds the
    provider's counts (None: it gave none), ``stop_reason`` the reason that was sent, ``searches`` how often the web was
    searched for it.
    """

    def __init__(
        self,
        message_id: str,
        model: str,
        *,
        names: Mapping[str, str] | None = None,
        provider: str = "",
        think_tags: bool = False,
    ) -> None:
        self._start = MessageStart(message_id, model)
        self._reader = ChunkReader(think_tags=think_tags)
        self._blocks = Blocks(f"toolu_{message_id.removeprefix('msg_')}", names, provider)
        self._stop: Stop | None = None
        self._usage: Usage | None = None
        self.stop_reason = ""
        self.searches = 0
        self.ended = False

    @property
    def usage(self) -> TokenUsage | None:
        """The provider's counts, split as Anthropic splits them."""
        counts = self._usage
        if counts is None:
            return None
        return TokenUsage(
            input_tokens=max(counts.prompt - counts.cache_read - counts.cache_write, 0),
            output_tokens=counts.completion,
            cache_read_input_tokens=counts.cache_read,
            cache_creation_input_tokens=counts.cache_write,
            thinking_tokens=counts.reasoning,
        )

    @property
    def cache_write_hour(self) -> int:
        """The part of what was written to a cache that is kept for an hour, in tokens."""
        return 0 if self._usage is None else self._usage.cache_write_hour

    @property
    def cost(self) -> float | None:
        """What the provider itself says that the answer costs, in USD; None where it does not say."""
        return None if self._usage is None else self._usage.cost

    @property
    def has_finished(self) -> bool:
        """Whether the provider gave a finish reason."""
        return self._stop is not None

    def start(self) -> list[Event]:
        """The events before the first chunk."""
        return [self._start]

    def feed(self, chunk: Mapping[str, Any]) -> None:
        """Take a chunk in; :meth:`advance` gives the events. Raises :class:`StreamBroken`."""
        if text := self._reader.only_text(chunk):
            self._blocks.say(text)
        else:
            self._take(self._reader.read(chunk))

    def advance(self) -> list[Event]:
        """The events of all that was fed since the last call."""
        return self._blocks.advance()

    def keep_alive(self) -> Event | None:
        """An empty delta for the open block, for clients that do not count pings; None when no block is open."""
        match self._blocks.open_block:
            case (index, kind) if kind is TextDelta:
                return TextDelta(index, "")
            case (index, kind) if kind is ThinkingDelta:
                return ThinkingDelta(index, "")
            case (index, _):
                return InputDelta(index, "")
            case None:
                return None

    def finish(self, *, declared_end: bool) -> list[Event]:
        """The provider closed its stream; ``declared_end`` says that it called the answer over.

        A finish reason makes a good end, and so does a declared end of an answer that says something. Neither is a cut;
        a call with incomplete arguments never is a good end, nor is an answer without a message. Each of these raises
        :class:`StreamBroken`; give that to :meth:`fail`.
        """
        self._take(self._reader.close())
        if self._stop is None and not declared_end:
            raise StreamBroken("The provider's answer broke off before its end.")
        reason = self._stop.reason if self._stop else "stop"
        known = STOP_REASONS.get(reason.lower())
        if known is None:
            raise StreamBroken(f"The provider ended its answer with a fault ({reason[:60]}).")
        if self._blocks.is_empty and known in _GOOD and (self._stop is None or not self._reader.has_message):
            raise StreamBroken("The provider ended its answer before it began.")
        if self._blocks.is_empty and known == "tool_use":
            raise StreamBroken("The provider said that the model calls a tool, and sent no call.")
        if (tool := self._blocks.cut_call) is not None:
            raise StreamBroken(_cut_call_sentence(tool, known))
        events = self._blocks.finish()
        self.stop_reason = self._reason(known)
        sequence = self._stop.sequence if self._stop and self.stop_reason == "stop_sequence" else None
        self.ended = True
        return [*events, MessageDelta(self.stop_reason, sequence, self.usage or TokenUsage()), MessageStop()]

    def fail(self, error: UnderstudyError, request_id: str = "") -> list[Event]:
        """The answer broke: what is open is closed where that is honest, and the error is the last event."""
        if self.ended:
            raise InternalError("The answer had ended already.")
        self.ended = True
        return [*self._blocks.abandon(), ErrorEvent(error.type, error.message, request_id)]

    def _take(self, deltas: list[Delta]) -> None:
        for delta in deltas:
            if isinstance(delta, Stop):
                self._stop = _weightier(self._stop, delta)
            elif isinstance(delta, Usage):
                self._usage = delta
            elif isinstance(delta, Link):
                continue  # only the answer to a search has a place for links
            else:
                self._blocks.take(delta)

    def _reason(self, known: str) -> str:
        """Anthropic's word; a call in the answer makes it ``tool_use``, whatever the provider called it."""
        if self._blocks.has_calls and known in {"end_turn", "tool_use"}:
            return "tool_use"
        if known == "tool_use":
            return "end_turn"
        if known == "end_turn" and self._stop and self._stop.sequence:
            return "stop_sequence"
        return known


def _weightier(first: Stop | None, second: Stop) -> Stop:
    """Of two finish reasons the first, unless that one was good and the second is not (Gemini: each chunk has one)."""
    if first is None:
        return second
    was_good, stays_good = (STOP_REASONS.get(each.reason.lower()) in _GOOD for each in (first, second))
    return second if was_good and not stays_good else first


def _cut_call_sentence(tool: str, reason: str | None) -> str:
    if reason == "max_tokens":
        return (
            f"The model's answer reached its output limit in the middle of a call of {tool}. "
            "Ask for smaller steps, or choose a model with a higher output limit."
        )
    return f"The model's call of {tool} is not complete: its arguments are not valid JSON."
