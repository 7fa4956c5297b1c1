"""The options by which requests are chosen, the same for every command that shows some of them."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from proxy_core.ledger.journal import State
    from proxy_core.ledger.rows import Filter

Text = Annotated[str, typer.Option("--text", help="Words in models, roles, sentences or errors.")]
Body = Annotated[str, typer.Option("--body", help="Words in the kept bodies; this may take a while.")]
Role = Annotated[str, typer.Option("--role", help="big, small, thinker …")]
Model = Annotated[str, typer.Option("--model", metavar="PROVIDER[/NAME]", help="Who answered.")]
Status = Annotated[str, typer.Option("--status", help="running, done, failed or cancelled; several with commas.")]
Session = Annotated[str, typer.Option("--session", help="A session's id.")]
Project = Annotated[
    str, typer.Option("--project", metavar="FOLDER", help="The folder that Claude Code was started in.")
]
Since = Annotated[
    str, typer.Option("--since", metavar="WHEN", help="today, 90m, 12h, 7d, 2026-11-22 or 2026-11-22T14:30.")
]

_AGO: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([mhdw])")
_SECONDS: Final = {"m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}


def chosen(
    *,
    text: str = "",
    body: str = "",
    role: str = "",
    model: str = "",
    status: str = "",
    session: str = "",
    project: str = "",
    since: str = "",
) -> Filter:
    """The filter of these options. Raises a usage error for what makes no sense."""
    from proxy_core.ledger.rows import Filter

    named = "/" in model
    return Filter(
        text=text,
        body=body,
        role=_role(role),
        provider="" if named else model,
        model=model if named else "",
        session=session,
        project=str(Path(project).expanduser().absolute()) if project else "",
        states=_states(status),
        since=moment(since, time.time()) if since else None,
    )


def moment(when: str, now: float) -> float:
    """The Unix time in seconds that ``when`` means in local time. Raises a usage error."""
    told = when.strip().lower()
    if found := _AGO.fullmatch(told):
        return now - float(found[1]) * _SECONDS[found[2]]
    today = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)  # noqa: DTZ006 - local time
    if told in {"today", "yesterday"}:
        return (today - timedelta(days=told == "yesterday")).timestamp()
    try:
        return datetime.fromisoformat(when.strip()).timestamp()
    except ValueError:
        raise typer.BadParameter(
            f"{when!r} is no time: write today, 90m, 12h, 7d, 2026-11-22 or 2026-11-22T14:30.", param_hint="--since"
        ) from None


def _role(name: str) -> str:
    """As the ledger writes it."""
    from proxy_core.config.settings import Role as Known

    if name and name.lower() not in set(Known):
        raise typer.BadParameter(f"{name!r} is no role; there are: {', '.join(Known)}", param_hint="--role")
    return name.upper()


def _states(words: str) -> frozenset[State]:
    from proxy_core.ledger.journal import State

    try:
        return frozenset(State(word.strip().lower()) for word in words.split(",") if word.strip())
    except ValueError:
        raise typer.BadParameter(f"{words!r}: there are {', '.join(State)}", param_hint="--status") from None
