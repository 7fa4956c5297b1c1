"""``understudy doctor``: what is wrong here, and how to mend it."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from app.commands.saying import say, say_json


def doctor(as_json: Annotated[bool, typer.Option("--json", help="For a script.")] = False) -> None:
    """Look at everything that a session needs. Ends with 1 when something has to be mended."""
    from app.commands.examination import Grade, examine

    findings = tuple(examine(os.environ))
    if as_json:
        say_json(
            [{"grade": it.grade, "subject": it.subject, "sentence": it.sentence, "mend": it.mend} for it in findings]
        )
    else:
        marks = _marks()
        for it in findings:
            say(f"{marks[it.grade]}  {it.subject}: {it.sentence}")
            if it.mend:
                say(f"      → {it.mend}")
    if any(it.grade is Grade.BROKEN for it in findings):
        raise typer.Exit(1)


def _marks() -> dict[str, str]:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return {"good": "ok  ", "notable": "note", "broken": "BAD "}
    return {"good": "\033[32mok\033[0m  ", "notable": "\033[33mnote\033[0m", "broken": "\033[31mBAD\033[0m "}
