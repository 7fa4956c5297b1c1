"""``understudy doctor``: what is wrong here, and how to mend it."""

from __future__ import annotations

import os
from typing import Annotated, Final

import typer

from app.cli.console import say, say_json, styled

_MARKS: Final = {"good": ("ok  ", "32"), "notable": ("note", "33"), "broken": ("BAD ", "31")}
"""What stands before a finding of each grade, and in which style."""


def doctor(as_json: Annotated[bool, typer.Option("--json", help="For a script.")] = False) -> None:
    """Look at everything that a session needs. Ends with 1 when something has to be mended."""
    from app.cli.diagnostics import Grade, run_diagnostics

    findings = tuple(run_diagnostics(os.environ))
    if as_json:
        say_json(
            [{"grade": it.grade, "subject": it.subject, "sentence": it.sentence, "mend": it.mend} for it in findings]
        )
    else:
        for it in findings:
            say(f"{styled(*_MARKS[it.grade])}  {it.subject}: {it.sentence}")
            if it.mend:
                say(f"      → {it.mend}")
    if any(it.grade is Grade.BROKEN for it in findings):
        raise typer.Exit(1)
