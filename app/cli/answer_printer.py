"""An answer on the terminal as it comes: thinking dim, text as it is, tool calls and their results marked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from proxy_core.anthropic_api.accumulator import MessageAccumulator
from proxy_core.anthropic_api.json_text import dumps

if TYPE_CHECKING:
    from rich.console import Console


_STYLES: Final = {"thinking": "dim italic", "text": ""}


class AnswerPrinter:
    """Takes the events of Anthropic streams and writes what a person would see. Plain where colours are not wanted."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._answer = MessageAccumulator()
        self._wrap = Wrap(console.width if console.is_terminal else None)

    def title(self, text: str) -> None:
        """A line that begins a part."""
        self._console.print(f"\n{text}", style="bold", highlight=False, markup=False)

    def line(self, text: str = "", style: str = "") -> None:
        """A line on its own."""
        text = self._wrap.whole(text)
        self._console.print(text, style=style or None, highlight=False, markup=False, soft_wrap=True)

    def asked(self, text: str) -> None:
        """What the user says."""
        self.line(f"> {text}", "cyan")
        self.line()

    def event(self, event: Mapping[str, Any]) -> None:
        """Write one event of a stream: text and thinking as they come, a call when it is complete."""
        if event.get("type") == "message_start":
            self._answer = MessageAccumulator()
        self._answer.feed(event)
        match event:
            case {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": str(text)}}:
                self._write(self._wrap.feed(text), _STYLES["thinking"])
            case {"type": "content_block_delta", "delta": {"type": "text_delta", "text": str(text)}}:
                self._write(self._wrap.feed(text), _STYLES["text"])
            case {"type": "content_block_stop"}:
                self._end(self._answer.message.content[-1:])
            case {"type": "error"}:
                self.line(f"error: {self._answer.message.error_text}", "red")
            case _:
                pass

    def result(self, text: str) -> None:
        """What a tool gave back."""
        for line in text.splitlines() or [""]:
            self.line(f"  {line}", "green")
        self.line()

    def _end(self, ended: list[dict[str, Any]]) -> None:
        for block in ended:
            if block.get("type") == "tool_use":
                self.line(f"[{block.get('name')}] {_call_text(block.get('input'))}", "yellow")
            else:
                self._write(self._wrap.rest(), _STYLES.get(str(block.get("type")), ""))
                self.line("\n")

    def _write(self, text: str, style: str) -> None:
        self._console.print(text, style=style or None, end="", highlight=False, markup=False, soft_wrap=True)
        self._console.file.flush()


class Wrap:
    """Breaks lines between words while the text still comes: a word is held back until its end is known.

    ``width`` is in columns; None breaks nothing, which is right for a pipe.
    """

    def __init__(self, width: int | None) -> None:
        self._width = width
        self._column = 0
        self._blanks = ""
        self._word = ""

    def feed(self, piece: str) -> str:
        """What may be written now."""
        return piece if self._width is None else "".join(map(self._take, piece))

    def rest(self) -> str:
        """The last word; the next text begins a line."""
        last = self._placed()
        self._column, self._blanks = 0, ""
        return last

    def whole(self, text: str) -> str:
        """A text that does not come in pieces."""
        return self.feed(text) + self.rest()

    def _take(self, character: str) -> str:
        if character not in " \n":
            self._word += character
            return ""
        word = self._placed()
        if character == "\n":
            self._column, self._blanks = 0, ""
            return f"{word}\n"
        self._blanks += " "
        return word

    def _placed(self) -> str:
        """The word that has ended, behind its blanks or at the beginning of a line."""
        word, blanks = self._word, self._blanks
        if not word:
            return ""
        self._word = self._blanks = ""
        if self._width is not None and self._column + len(blanks) + len(word) > self._width:
            begun, self._column = self._column, len(word)
            return f"\n{word}" if begun else word
        self._column += len(blanks) + len(word)
        return f"{blanks}{word}"


def _call_text(arguments: object) -> str:
    """Return a tool's input for a person: a command as it is, anything else as JSON."""
    if isinstance(arguments, dict) and "command" in arguments:
        return str(arguments["command"])
    return arguments if isinstance(arguments, str) else dumps(arguments).decode()
