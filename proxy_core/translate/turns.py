"""The turns of a conversation as chat messages, each tool result right behind the call it answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Final

from proxy_core.anthropic_api.json_text import dumps
from proxy_core.anthropic_api.request import Block, MessageParam, MessagesRequest, blocks
from proxy_core.translate.content import ContentReader, Part
from proxy_core.translate.keepsake import FIELDS as KEEPSAKES
from proxy_core.translate.keepsake import kept
from proxy_core.translate.target_model import TargetModel
from proxy_core.translate.tools import Toolbox
from proxy_core.translate.warnings import Warnings

ChatMessage = dict[str, Any]

_NO_RESULT: Final = "[There is no result: the call was interrupted.]"
_NO_OUTPUT: Final = "(no output)"


class Turns:
    """Translates the conversation of one request.

    Chat completions want every call answered by a ``tool`` message directly behind the assistant's; Anthropic's turns
    carry the results as blocks of the next user turn, other blocks beside them, and system turns anywhere. So whatever
    comes between a call and its result is held until the results have gone out.
    """

    def __init__(self, request: MessagesRequest, model: TargetModel, box: Toolbox, warnings: Warnings) -> None:
        self._request = request
        self._model = model
        self._box = box
        self._warnings = warnings
        self._content = ContentReader(model, request.tools, warnings)
        self._messages: list[ChatMessage] = []
        self._open_calls: dict[str, str] = {}
        self._held: list[ChatMessage] = []

    def messages(self) -> list[ChatMessage]:
        """All of them, the system prompt first."""
        self._system_prompt()
        for message in self._request.messages:
            match message.role:
                case "assistant":
                    self._assistant(message.content)
                case "system":
                    self._system_turn(message)
                case _:
                    self._user(message.content)
        self._settle()
        return self._messages

    def _system_prompt(self) -> None:
        parts = self._content.system_parts(self._request.system)
        if parts and self._model.quirks.cache_control:
            self._messages.append({"role": "system", "content": parts})
        elif parts:
            self._messages.append({"role": "system", "content": "\n\n".join(part["text"] for part in parts)})

    def _system_turn(self, message: MessageParam) -> None:
        """System words in the midst: as such where the provider allows it, else marked as Claude Code marks its own."""
        text = self._content.system_text(message.content)
        if not text:
            return
        if self._model.quirks.system_anywhere:
            self._add({"role": "system", "content": text})
        else:
            self._add({"role": "user", "content": f"<system-reminder>\n{text}\n</system-reminder>"})

    def _user(self, content: Iterable[Block]) -> None:
        results = [block for block in content if block.get("type") == "tool_result"]
        rest = [block for block in content if block.get("type") != "tool_result"]
        shown: list[Part] = []
        for result in results:
            shown += self._result(result)
        self._settle()
        parts = shown + self._content.parts(rest)
        if parts:
            self._messages.append({"role": "user", "content": _plain(parts)})

    def _result(self, result: Block) -> list[Part]:
        """A tool's result: its text answers the call; its pictures are returned, for the user's turn that follows."""
        id_ = str(result.get("tool_use_id", ""))
        parts = self._content.parts(blocks(result.get("content"), "tool_result.content"))
        text = "\n".join(part["text"] for part in parts if part["type"] == "text") or _NO_OUTPUT
        pictures = [part for part in parts if part["type"] != "text"]
        if result.get("is_error") is True and not text.lstrip().startswith(("<tool_use_error>", "Error")):
            text = f"Error: {text}"
        name = self._open_calls.pop(id_, None)
        if name is None:
            self._warnings.add("A tool result without its call was sent as text.")
            return [{"type": "text", "text": f"[Result of an earlier tool call]\n{text}"}, *pictures]
        if pictures and text == _NO_OUTPUT:
            text = "(shown below)"
        self._messages.append({"role": "tool", "tool_call_id": self._call_id(id_), "content": text})
        if pictures:
            pictures.insert(0, {"type": "text", "text": f"[From the result of {name}:]"})
        return pictures

    def _assistant(self, content: Iterable[Block]) -> None:
        self._settle()
        text: list[str] = []
        thoughts: list[Block] = []
        calls: list[dict[str, Any]] = []
        for block in content:
            match block.get("type"):
                case "text":
                    text.append(str(block.get("text") or ""))
                case "thinking":
                    thoughts.append(block)
                case "redacted_thinking":
                    self._warnings.add("Encrypted thinking of earlier turns was left out.")
                case "tool_use":
                    calls.append(self._tool_call(block))
                case unknown:
                    self._warnings.add(f"A block of the type {unknown} in an earlier answer was left out.")
        message: ChatMessage = {"role": "assistant", "content": "\n\n".join(filter(None, text)) or None}
        if thoughts:
            self._reasoning(message, thoughts)
        if calls:
            message["tool_calls"] = calls
        if calls or message["content"]:
            self._messages.append(message)

    def _reasoning(self, message: ChatMessage, thoughts: list[Block]) -> None:
        """Reasoning of an earlier turn: what the provider itself marked comes back to it, text where it wants that."""
        for thought in thoughts:
            for field, items in kept(thought.get("signature"), self._model.provider).items():
                message.setdefault(field, []).extend(items)
        text = "\n\n".join(filter(None, (str(thought.get("thinking") or "") for thought in thoughts)))
        if text and self._model.quirks.reasoning_back and self._model.reasoning is not False:
            message["reasoning_content"] = text
        elif text and not any(field in message for field in KEEPSAKES):
            self._warnings.add("Thinking of earlier turns was left out: the provider does not take it back.")

    def _tool_call(self, block: Block) -> dict[str, Any]:
        id_, name = str(block.get("id", "")), str(block.get("name", ""))
        self._open_calls[id_] = name
        arguments = dumps(block.get("input") or {}).decode()
        function = {"name": self._box.name(name), "arguments": arguments}
        return {"id": self._call_id(id_), "type": "function", "function": function}

    def _call_id(self, id_: str) -> str:
        """The id as it is, or a shorter one where the provider would refuse it; the same for a call and its result."""
        limit = self._model.quirks.call_id_limit
        if id_ and len(id_) <= limit and (limit > 9 or (len(id_) == 9 and id_.isalnum())):
            return id_
        mark = hashlib.sha256(id_.encode("utf-8", "surrogatepass")).hexdigest()
        return mark[:limit] if limit < 16 else f"call_{mark[:24]}"

    def _add(self, message: ChatMessage) -> None:
        """Append a message, or hold it while calls wait for their results."""
        (self._held if self._open_calls else self._messages).append(message)

    def _settle(self) -> None:
        """No more results will come for the last calls: say so for those without, then let go what was held."""
        for id_, name in self._open_calls.items():
            self._warnings.add(f"A call of {name} has no result; the model was told that it was interrupted.")
            self._messages.append({"role": "tool", "tool_call_id": self._call_id(id_), "content": _NO_RESULT})
        self._open_calls.clear()
        self._messages += self._held
        self._held.clear()


def _plain(parts: list[Part]) -> str | list[Part]:
    """Text alone as a string, which every server takes; cache marks and pictures need the list."""
    if all(part["type"] == "text" and "cache_control" not in part for part in parts):
        return "\n\n".join(part["text"] for part in parts)
    return parts
