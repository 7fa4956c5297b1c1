"""The options by which requests are chosen, the same for every command that shows some of them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, get_type_hints

import typer

if TYPE_CHECKING:
    from proxy_core.ledger.request_events import State
    from proxy_core.ledger.rows import Filter

Text = Annotated[str, typer.Option("--text", metavar="WORDS", help="Words in models, roles, sentences or errors.")]
Body = Annotated[str, typer.Option("--body", metavar="WORDS", help="Words in the kept bodies; this may take a while.")]
Role = Annotated[str, typer.Option("--role", metavar="ROLE", help="big, small, thinker …")]
Model = Annotated[str, typer.Option("--model", metavar="PROVIDER[/NAME]", help="Who answered.")]
Status = Annotated[
    str,
    typer.Option("--status", metavar="STATE,…", help="running, done, failed or cancelled; several with commas."),
]
Session = Annotated[str, typer.Option("--session", metavar="ID", help="A session's id.")]
Project = Annotated[
    str, typer.Option("--project", metavar="FOLDER", help="The folder that Claude Code was started in.")
]
Since = Annotated[
    str,
    typer.Option("--since", metavar="WHEN", help="today, yesterday, 90m, 12h, 7d, 2026-11-22 or 2026-11-22T14:30."),
]
Until = Annotated[str, typer.Option("--until", metavar="WHEN", help="The first moment that is left out, likewise.")]

_AGO: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([mhdw])")
_SECONDS: Final = {"m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}


def chosen(
    *,
    text: Text = "",
    body: Body = "",
    role: Role = "",
    model: Model = "",
    status: Status = "",
    session: Session = "",
    project: Project = "",
    since: Since = "",
    until: Until = "",
) -> Filter:
    """The filter of these options. Raises a usage error for what makes no sense."""
    from proxy_core.config.paths import spelled
    from proxy_core.ledger.rows import Filter

    text, body, role, model, session = (spelled(given) for given in (text, body, role, model, session))
    named, now = "/" in model, time.time()
    return Filter(
        text=text,
        body=body,
        role=_role(role),
        provider="" if named else model,
        model=model if named else "",
        session=session,
        project=spelled(str(Path(project).expanduser().absolute())) if project else "",
        states=_states(status),
        since=moment(since, now) if since else None,
        until=moment(until, now, "--until") if until else None,
    )


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """``command`` with every option of :func:`chosen`; what they choose is its argument ``wanted``."""
    options = _parameters(chosen)
    parameters = [*_parameters(command), *options]

    @wraps(command)
    def called(**given: Any) -> None:
        wanted = chosen(**{option.name: given.pop(option.name) for option in options})
        command(**given, wanted=wanted)

    called.__signature__ = Signature(parameters)  # type: ignore[attr-defined] # what typer reads
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return called


def _parameters(function: Callable[..., Any]) -> list[Parameter]:
    """Those that are told on a command line; the type of the filter is not loaded for that."""
    kinds = get_type_hints(function, localns={"Filter": object}, include_extras=True)
    given = signature(function).parameters.values()
    return [each.replace(annotation=kinds[each.name]) for each in given if each.name != "wanted"]


def moment(when: str, now: float, option: str = "--since") -> float:
    """The Unix time in seconds that ``when`` means in local time. Raises a usage error, which names the ``option``."""
    told = when.strip().lower()
    if found := _AGO.fullmatch(told):
        return max(0.0, now - float(found[1]) * _SECONDS[found[2]])
    today = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)  # noqa: DTZ006 - local time
    if told in {"today", "yesterday"}:
        return (today - timedelta(days=told == "yesterday")).timestamp()
    try:
        return datetime.fromisoformat(when.strip()).timestamp()
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{when!r} is no time: write today, yesterday, 90m, 12h, 7d, 2026-11-22 or 2026-11-22T14:30.",
            param_hint=option,
        ) from None


def _role(name: str) -> str:
    """As the ledger writes it."""
    from proxy_core.config.settings import Role as Known

    if name and name.lower() not in set(Known):
        raise typer.BadParameter(f"{name!r} is no role; there are: {', '.join(Known)}", param_hint="--role")
    return name.upper()


def _states(words: str) -> frozenset[State]:
    from proxy_core.ledger.request_events import State

    try:
        return frozenset(State(word.strip().lower()) for word in words.split(",") if word.strip())
    except ValueError:
        raise typer.BadParameter(f"{words!r}: there are {', '.join(State)}", param_hint="--status") from None
