"""A content block as parts of a chat message, or the sentence that stands for it where a model cannot take it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from proxy_core.anthropic_api.json_text import dumps
from proxy_core.anthropic_api.request import Block, blocks
from proxy_core.translate.target_model import TargetModel
from proxy_core.translate.warnings import Warnings

Part = dict[str, Any]

_BILLING: Final = "x-anthropic-billing-header:"
"""Claude Code's first system block: it changes with every request and would spoil a provider's prefix cache."""


class ContentReader:
    """Reads the blocks of one request for one model; ``tools`` are the request's tools, for references to them."""

    def __init__(self, model: TargetModel, tools: Iterable[Block], warnings: Warnings) -> None:
        self._model = model
        self._tools = {str(tool["name"]): tool for tool in tools}
        self._warnings = warnings

    def parts(self, content: Iterable[Block]) -> list[Part]:
        """The parts of some content, in order; a block of a kind that no chat message has is left out, and said."""
        parts: list[Part] = []
        for block in content:
            parts += self._block(block)
        return parts

    def system_text(self, content: Iterable[Block]) -> str:
        """A system prompt as text, without the billing block."""
        return "\n\n".join(part["text"] for part in self.system_parts(content))

    def system_parts(self, content: Iterable[Block]) -> list[Part]:
        """A system prompt as text parts, with their cache marks where the provider honours them."""
        kept = [block for block in content if not str(block.get("text", "")).startswith(_BILLING)]
        return [part for part in self.parts(kept) if part["type"] == "text" and part["text"]]

    def _block(self, block: Block) -> list[Part]:
        match block.get("type"):
            case "text":
                return [self._text(str(block.get("text") or ""), block)]
            case "image":
                return self._image(block)
            case "document":
                return self._document(block)
            case "tool_reference":
                return [self._reference(str(block.get("tool_name", "")))]
            case "search_result":
                text = "\n".join(part["text"] for part in self.parts(blocks(block.get("content"), "search_result")))
                return [self._text(f"{block.get('title', '')}\n{block.get('source', '')}\n{text}", block)]
            case unknown:
                self._warnings.add(f"A block of the type {unknown} was left out.")
                return []

    def _text(self, text: str, block: Block) -> Part:
        part: Part = {"type": "text", "text": text}
        if self._model.quirks.cache_control and isinstance(mark := block.get("cache_control"), Mapping):
            part["cache_control"] = mark
        return part

    def _image(self, block: Block) -> list[Part]:
        if self._model.vision is False:
            self._warnings.add(f"{self._model.name} cannot see images: they were left out.")
            return [self._text("[An image stood here; the model cannot see images.]", {})]
        source = block.get("source")
        url = _data_url(source) if isinstance(source, Mapping) else ""
        if not url:
            self._warnings.add("An image whose source only Anthropic can read was left out.")
            return [self._text("[An image stood here that could not be read.]", {})]
        return [{"type": "image_url", "image_url": {"url": url}}]

    def _document(self, block: Block) -> list[Part]:
        source = block.get("source")
        source = source if isinstance(source, Mapping) else {}
        title = str(block.get("title") or "")
        head = f"{title}\n" if title else ""
        match source.get("type"):
            case "text":
                return [self._text(f"{head}{source.get('data', '')}", block)]
            case "content":
                return [self._text(head, {})] * bool(head) + self.parts(
                    blocks(source.get("content"), "document.source")
                )
        url = _data_url(source)
        if url and self._model.takes_pdf:
            return [{"type": "file", "file": {"filename": title or "document.pdf", "file_data": url}}]
        self._warnings.add(f"{self._model.name} cannot take PDF documents: they were left out.")
        return [
            self._text(f"{head}[A PDF document stood here; the model cannot read PDF. Convert it to text first.]", {})
        ]

    def _reference(self, name: str) -> Part:
        tool = self._tools.get(name, {"name": name})
        described = {key: tool[key] for key in ("name", "description", "input_schema") if key in tool}
        return self._text(f"The tool {name} can be used now: {dumps(described).decode()}", {})


def _data_url(source: Mapping[str, Any]) -> str:
    """A picture's or document's address: its own, or its data as one; empty where it has neither."""
    match source.get("type"):
        case "base64":
            data = source.get("data")
            return f"data:{source.get('media_type') or 'application/octet-stream'};base64,{data}" if data else ""
        case "url":
            return str(source.get("url") or "")
        case _:
            return ""
