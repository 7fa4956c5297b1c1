"""Calls of tools that change files, as the lines they change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Final

from app.conversation.turns import DiffMark, Edit

LONGEST: Final = 400
"""Lines of each side that are compared; longer ones are shown as all gone and all new: comparing takes their square."""

Lines = Iterator[tuple[DiffMark, str]]


def edit(name: str, id_: str, arguments: Mapping[str, object]) -> Edit | None:
    """The change that a call asks for; None for a call that changes no file or says it in another way."""
    path = _text(arguments, "file_path") or _text(arguments, "notebook_path") or _text(arguments, "path")
    lines: list[tuple[DiffMark, str]] = []
    match name:
        case "Edit" | "str_replace_based_edit_tool" | "str_replace_editor":
            old, new = _text(arguments, "old_string", "old_str"), _text(arguments, "new_string", "new_str")
            if old is None and new is None:
                return None
            lines.extend(_changed(old or "", new or ""))
        case "MultiEdit":
            edits = arguments.get("edits")
            if not isinstance(edits, list):
                return None
            for one in edits:
                if isinstance(one, dict):
                    lines.extend(_changed(_text(one, "old_string") or "", _text(one, "new_string") or ""))
        case "Write" | "NotebookEdit":
            content = _text(arguments, "content", "new_source")
            if content is None:
                return None
            lines.extend((DiffMark.NEW, line) for line in _lines(content))
        case _:
            return None
    return Edit(name, id_, path or "", tuple(lines))


def _changed(old: str, new: str) -> Lines:
    before, after = _lines(old), _lines(new)
    if max(len(before), len(after)) > LONGEST:
        yield from ((DiffMark.GONE, line) for line in before)
        yield from ((DiffMark.NEW, line) for line in after)
        return
    for tag, from_, to, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from ((DiffMark.SAME, line) for line in before[from_:to])
        else:
            yield from ((DiffMark.GONE, line) for line in before[from_:to])
            yield from ((DiffMark.NEW, line) for line in after[start:end])


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _text(arguments: Mapping[str, object], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := arguments.get(name), str)), None)
