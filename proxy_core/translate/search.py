"""Web search as Anthropic's server tool: asked of providers that can search, answered in Anthropic's blocks.

Claude Code's WebSearch is a request of its own whose only tool is ``web_search_…``. A provider that can search is asked
to, and its links become a ``web_search_tool_result``; for any other the same block says that there was no search. The
answer is not streamed from upstream, since providers give their links at its end and the block stands before the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from proxy_core.anthropic_api.events import (
    BlockStart,
    BlockStop,
    CitationDelta,
    Event,
    InputDelta,
    MessageDelta,
    MessageStop,
    TextDelta,
    TokenUsage,
)
from proxy_core.anthropic_api.json_text import dumps
from proxy_core.anthropic_api.request import MessagesRequest
from proxy_core.translate.deltas import Delta, Link, Text
from proxy_core.translate.quirks import Searching
from proxy_core.translate.stream import StreamTranslator
from proxy_core.translate.target_model import TargetModel

_TOOL: Final = "web_search_"
_ASKING: Final = "Perform a web search for the query:"
"""How Claude Code words its request."""


@dataclass(frozen=True, slots=True)
class Search:
    """A request whose whole purpose is a search. ``possible`` says whether the provider can."""

    query: str
    possible: bool


def search_of(request: MessagesRequest) -> str | None:
    """What a request wants searched, when its tools are nothing but web search; else None."""
    kinds = [str(tool.get("type") or "") for tool in request.tools]
    if not kinds or not all(kind.startswith(_TOOL) for kind in kinds):
        return None
    for message in reversed(request.messages):
        texts = [str(block.get("text") or "") for block in message.content if block.get("type") == "text"]
        if message.role == "user" and texts:
            return texts[-1].partition(_ASKING)[2].strip() or texts[-1].strip()
    return ""


def can_search(model: TargetModel) -> bool:
    """Whether a model searches when it is asked to. What is not known is not promised."""
    match model.quirks.searching:
        case Searching.NONE:
            return False
        case Searching.OPTIONS:
            return bool(model.web_search)
        case Searching.PLUGIN | Searching.BUILT_IN:
            return True


def options(searching: Searching) -> dict[str, Any]:
    """The fields of a call that make a provider search."""
    match searching:
        case Searching.OPTIONS:
            return {"web_search_options": {}}
        case Searching.PLUGIN:
            return {"plugins": [{"id": "web"}]}
        case Searching.BUILT_IN | Searching.NONE:
            return {}


class SearchTranslator(StreamTranslator):
    """The answer to a search: what was searched, what was found, then the text with its citations."""

    def __init__(self, message_id: str, model: str, search: Search, target: str) -> None:
        """``target`` is the model that was asked, for the sentence where it cannot search."""
        super().__init__(message_id, model)
        self._search = search
        self._target = target
        self._id = f"srvtoolu_{message_id.removeprefix('msg_')}"
        self._text: list[str] = []
        self._links: dict[str, Link] = {}

    def advance(self) -> list[Event]:
        """Nothing before the end: the results stand before the text and are known after it."""
        return []

    def finish(self, *, declared_end: bool) -> list[Event]:
        """The blocks, once the provider's answer is whole. Raises :class:`~proxy_core.errors.StreamBroken`."""
        if not self._search.possible:
            self.ended = True
            failed = {"type": "web_search_tool_result_error", "error_code": "unavailable"}
            sentence = f"No web search was made: {self._target} cannot search the web through Understudy."
            return [*self._blocks_around(failed, sentence), *self._end(searches=0)]
        super().finish(declared_end=declared_end)
        return [*self._blocks_around(self._found(), "".join(self._text)), *self._end(searches=1)]

    def _found(self) -> list[dict[str, Any]]:
        entry = {"type": "web_search_result", "encrypted_content": "", "page_age": None}
        return [{**entry, "title": link.title or url, "url": url} for url, link in self._links.items()]

    def _take(self, deltas: list[Delta]) -> None:
        for delta in deltas:
            if isinstance(delta, Text):
                self._text.append(delta.text)
            elif isinstance(delta, Link):
                self._links.setdefault(delta.url, delta)
        super()._take([delta for delta in deltas if not isinstance(delta, Link)])

    def _blocks_around(self, content: list[dict[str, Any]] | Mapping[str, Any], text: str) -> list[Event]:
        use = {"type": "server_tool_use", "id": self._id, "name": "web_search", "input": {}}
        result = {"type": "web_search_tool_result", "tool_use_id": self._id, "content": content}
        events: list[Event] = [
            BlockStart(0, use),
            InputDelta(0, dumps({"query": self._search.query}).decode()),
            BlockStop(0),
            BlockStart(1, result),
            BlockStop(1),
        ]
        if text:
            citations = [CitationDelta(2, _citation(link, text)) for link in self._links.values()]
            events += [BlockStart(2, {"type": "text", "text": ""}), TextDelta(2, text), *citations, BlockStop(2)]
        return events

    def _end(self, *, searches: int) -> list[Event]:
        self.stop_reason, self.searches = "end_turn", searches
        return [MessageDelta("end_turn", None, self.usage or TokenUsage(), searches), MessageStop()]


def _citation(link: Link, text: str) -> dict[str, Any]:
    cited = text[link.start : link.end] if link.end > link.start else ""
    return {
        "type": "web_search_result_location",
        "url": link.url,
        "title": link.title or link.url,
        "encrypted_index": "",
        "cited_text": cited[:150],  # Anthropic's own limit
    }
