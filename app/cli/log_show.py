"""``understudy log show``: one request whole, as facts and as a conversation, or one of its bodies."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.cli.console import counted, say, say_error, say_json, table
from app.cli.terminal_escape import escape, escape_line

if TYPE_CHECKING:
    from app.services.replay.replay_answer import ReplayAnswer
    from proxy_core.ledger.reading import Ledger
    from proxy_core.ledger.request_events import RequestRecord
    from proxy_core.ledger.rows import BodyKind, Kept, RequestRow

_LONGEST: Final = 4_000
"""Characters of what was asked and answered that are shown; ``--body`` gives all."""

_FACT: Final = re.compile(r"  (?:[a-z][a-z' ]*?  +|[a-z0-9 ]+: )")
"""How a line of :func:`lines` begins, before what it says."""


def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `understudy log` shows it: its beginning is enough.")],
    body: Annotated[
        str, typer.Option("--body", metavar="PART", help="Only this body: request, upstream or answer.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For a script.")] = False,
) -> None:
    """One request whole: who answered and why, every try, tokens, times, cost, what was asked and answered."""
    from app.cli.open_ledger import open_ledger
    from app.services.replay.replay import find

    part = _part(body)
    ledger = open_ledger()
    try:
        row = find(ledger, id_)
        if part is not None:
            _write_body(ledger, row, part, as_json=as_json)
        elif as_json:
            from app.cli.log_lines import as_object

            say_json({**as_object(row), "kept": [_kept_object(kept) for kept in ledger.kept(row.record.id)]})
        else:
            tell([*lines(row, ledger.kept(row.record.id)), *_conversation(ledger, row)])
    finally:
        ledger.close()


def tell(told: Iterable[str]) -> None:
    """The lines; on a terminal broken between words, the rest of a fact below its beginning."""
    from rich.console import Console
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        for line in told:
            say(line)
        return
    for line in (part for each in told for part in each.split("\n")):
        begun = _FACT.match(line)
        indent = min(begun.end() if begun else 0, console.width // 2)
        first, *rest = Text(line[indent:]).wrap(console, console.width - indent) if line else [Text()]
        for before, text in ((line[:indent], first), *((" " * indent, each) for each in rest)):
            text.rstrip()
            console.print(Text(before).append_text(text), highlight=False, no_wrap=True)


def lines(row: RequestRow, kept: tuple[Kept, ...]) -> Iterator[str]:
    """A request's facts for a person."""
    record = row.record
    yield f"{escape_line(record.id)}  {_state(record)}"
    yield from table([(name, escape_line(told)) for name, told in _facts(row) if told])
    for attempt in record.attempts:
        waited = f" after {attempt.waited:.1f} s" if attempt.waited else ""
        told = attempt.error or "it answered"
        yield f"  try {attempt.number}{waited}: {attempt.status or '-'} {escape_line(told)}"
    for warning in record.warnings:
        yield f"  note: {escape_line(warning)}"
    if record.error:
        yield f"  error: {escape_line(record.error)}" + (
            f" ({escape_line(record.error_type)})" if record.error_type else ""
        )
    bodies = ", ".join(_kept(each) for each in kept)
    yield f"  kept: {bodies or 'no bodies (any more)'}"


def _facts(row: RequestRow) -> Iterator[tuple[str, str]]:
    from app.cli.log_lines import seconds

    record = row.record
    target = "/".join(part for part in (record.provider, record.model) if part)
    yield "asked for", f"{record.asked_for}{', streamed' if record.streamed else ''}"
    yield "why", record.why
    yield "sent to", f"{target} ({record.engine})" if target else ""
    yield "role", record.role.upper()
    yield "began", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.began))
    first, whole = seconds(record.time_to_first_token), seconds(record.duration)
    yield (
        "times",
        ", ".join(part for part in (f"first token {first}" * bool(first), f"whole {whole}" * bool(whole)) if part),
    )
    yield "tokens", _tokens(record)
    yield "cost", "" if record.ended is None else cost(row)
    yield "session", record.session
    yield "agent", record.agent
    yield "project", record.project
    yield "profile", record.profile
    yield "provider's id", record.upstream_id


def cost(row: RequestRow) -> str:
    """What a request cost, and how that is known."""
    from app.cli.money import cost_of_row, dollars
    from proxy_core.ledger.rows import Billing

    if row.cost is None:
        return "paid by a subscription" if row.billing is Billing.SUBSCRIPTION else cost_of_row(row)
    how = "by the list or your own price" if row.estimated else "by the provider's own figure"
    return f"{dollars(row.cost)}, {how}" if row.cost else "nothing"


def _tokens(record: RequestRecord) -> str:
    usage = record.usage
    if usage is None:
        return ""
    told = [f"{usage.whole_input:,} in"]
    inside = [
        f"{number:,} {word}"
        for number, word in ((usage.cache_read, "cached"), (usage.cache_write, "written"))
        if number
    ]
    told += [f"({', '.join(inside)})"] * bool(inside)
    told += [f"→ {usage.output:,} out"]
    told += [f"({usage.reasoning:,} of them reasoning)"] * bool(usage.reasoning)
    told += [f"{usage.searches} web search{'es' * (usage.searches > 1)}"] * bool(usage.searches)
    return " ".join(told)


def _conversation(ledger: Ledger, row: RequestRow) -> Iterator[str]:
    from app.services.replay.replay_answer import last_words, read_answer
    from proxy_core.ledger.request_events import BodyKind

    request, answer = (ledger.body(row.record.id, part) for part in (BodyKind.REQUEST, BodyKind.ANSWER))
    if request is not None and (asked := last_words(request)):
        yield "\nAsked last"
        yield _cut(asked)
    if answer is not None:
        yield from told_answer(read_answer(answer))


def told_answer(answer: ReplayAnswer) -> Iterator[str]:
    """An answer for a person, each part under its name."""
    if answer.thinking:
        yield "\nThought"
        yield _cut(answer.thinking)
    if answer.text:
        yield "\nAnswered"
        yield _cut(answer.text)
    for call in answer.calls:
        yield f"\nCalled {escape_line(call.name)}"
        yield _cut(call.input)
    if answer.error:
        yield "\nRefused or broken"
        yield _cut(answer.error)


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return escape(text)
    return f"{escape(text[:_LONGEST])}\n… {len(text) - _LONGEST:,} characters more: --body gives all"


def _part(word: str) -> BodyKind | None:
    from proxy_core.ledger.request_events import BodyKind

    if not word:
        return None
    try:
        return BodyKind(word.lower())
    except ValueError:
        raise typer.BadParameter(
            f"{word!r} is no body; there are: {', '.join(BodyKind)}", param_hint="--body"
        ) from None


def _write_body(ledger: Ledger, row: RequestRow, part: BodyKind, *, as_json: bool) -> None:
    """As it is into a pipe, harmless on a terminal."""
    body = ledger.body(row.record.id, part)
    if body is None:
        say_error(f"That body of {row.record.id} is not kept (any more).")
        raise typer.Exit(1)
    if as_json:
        say_json({"id": row.record.id, "part": part.value, "body": body.decode("utf-8", "replace")})
    elif sys.stdout.isatty():
        say(escape(body.decode("utf-8", "replace")))
    else:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()


def _state(record: RequestRecord) -> str:
    return f"{record.state.value} {record.status}" if record.status else record.state.value


def _kept(kept: Kept) -> str:
    size = f"{kept.size / 1024:.0f} kB" if kept.size >= 1024 else f"{kept.size} bytes"
    remarks = [f"{size} of the beginning" if kept.cut else size]
    remarks += [f"{counted(kept.hidden, 'secret')} taken out"] * bool(kept.hidden)
    return f"{kept.part.value} ({', '.join(remarks)})"


def _kept_object(kept: Kept) -> dict[str, object]:
    return {"part": kept.part.value, "size": kept.size, "cut": kept.cut, "hidden": kept.hidden}
