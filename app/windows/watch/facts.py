"""What is known of one request beside its bodies: who asked, who answered and why, tokens, times and cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from PySide6.QtCore import QCoreApplication

from app.i18n.said import said, said_in_part
from app.widgets import figures
from app.widgets.bars import Share
from app.widgets.folders import from_home
from app.widgets.labels import LabelTone
from app.windows.models.request_entry import RequestEntry, output_tokens
from app.windows.models.request_filter import full_model
from proxy_core.ledger.request_events import RequestRecord, State
from proxy_core.ledger.rows import Billing, Filter

translate = QCoreApplication.translate

CACHED, READ, WRITTEN, KEPT = 1, 0, 2, 3
"""Which of the series' colours tokens have: from a cache, read, written, put into a cache."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a value; ``leads_to`` is the filter that a press on the value sets."""

    name: str
    value: str
    tone: LabelTone = "text"
    leads_to: Filter | None = None


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A part of a request's time: from and to in seconds since it began."""

    name: str
    from_: float
    to: float
    series: int


def facts(entry: RequestEntry) -> tuple[Fact, ...]:
    """Those that are known, in the order they are shown."""
    record = entry.record
    told = [
        Fact(translate("Details", "Asked for"), record.asked_for),
        Fact(translate("Details", "Why"), said_in_part(record.why)),
        Fact(translate("Details", "Sent to"), ", ".join(part for part in (full_model(record), record.engine) if part)),
        Fact(translate("Details", "Session"), _session(record), leads_to=Filter(session=record.session)),
        _project(record),
        Fact(translate("Details", "Profile"), record.profile),
        *_attempts(record),
        *(Fact(translate("Details", "Warning"), said(warning), "warn") for warning in record.warnings),
        _end(record),
        Fact(translate("Details", "Cost"), _cost(entry)),
    ]
    return tuple(fact for fact in told if fact.value)


def shares(record: RequestRecord) -> tuple[tuple[Share, str], ...]:
    """The parts of the token bar, each with its words for the legend."""
    usage = record.usage
    if usage is None:
        return ()
    output = translate("Details", "{0} output").format(figures.tokens(usage.output))
    if usage.reasoning:
        thinking = translate("Details", "{0} of it thinking").format(figures.tokens(usage.reasoning))
        output = f"{output}, {thinking}"
    parts = (
        (usage.cache_read, CACHED, translate("Details", "{0} cached").format(figures.tokens(usage.cache_read))),
        (usage.cache_write, KEPT, translate("Details", "{0} to cache").format(figures.tokens(usage.cache_write))),
        (usage.input, READ, translate("Details", "{0} input").format(figures.tokens(usage.input))),
        (usage.output, WRITTEN, output),
    )
    return tuple((Share(count, series), word) for count, series, word in parts if count)


def total_tokens(record: RequestRecord) -> str:
    """All tokens of a request; an estimate of the output while it runs."""
    if record.usage is not None:
        return figures.whole(record.usage.whole_input + record.usage.output)
    count, _ = output_tokens(record)
    return figures.NOTHING if count is None else f"~{figures.whole(count)}"


def spans(record: RequestRecord, now: float) -> tuple[TimeSpan, ...]:
    """Where the time went: tries that failed, reaching the provider, its first token, the rest."""
    began, end = record.began, now if record.ended is None else record.ended
    made: list[TimeSpan] = []
    at = 0.0
    failed = [one for one in record.attempts if one.error]
    answered = next((one for one in record.attempts if not one.error), None)
    if failed:
        waited = answered.waited if answered is not None else 0.0
        until = failed[-1].at - began + waited
        made.append(TimeSpan(translate("Details", "Tries"), at, until, 3))
        at = until
    if answered is not None:
        made.append(TimeSpan(translate("Details", "Connect"), at, answered.at - began, 3 if not failed else 0))
        at = answered.at - began
    if record.first_token is not None:
        made.append(TimeSpan(translate("Details", "First token"), at, record.first_token - began, 0))
        at = record.first_token - began
        made.append(TimeSpan(translate("Details", "Streaming"), at, end - began, 1))
    elif not failed or record.ended is None:
        made.append(TimeSpan(translate("Details", "Waiting"), at, end - began, 0))
    return tuple(span for span in made if span.to >= span.from_)


def _session(record: RequestRecord) -> str:
    parts = [PurePath(record.project).name if record.project else "", record.session[:8]]
    if record.agent:
        parts.append(translate("Details", "subagent {0}").format(record.agent[:8]))
    return ", ".join(part for part in parts if part) if record.session else ""


def _project(record: RequestRecord) -> Fact:
    """A session names its project: then no line is spent on it."""
    shown = "" if record.session else from_home(record.project)
    return Fact(translate("Details", "Project"), shown, leads_to=Filter(project=record.project))


def _attempts(record: RequestRecord) -> list[Fact]:
    last = record.attempts[-1] if record.attempts else None
    if last is None or (len(record.attempts) == 1 and last.error in {"", record.error}):
        return []  # what it says stands under Error
    name = translate("Details", "Try {0}")
    return [
        Fact(
            name.format(one.number),
            f"{one.status or figures.NOTHING}: {said(one.error)}" if one.error else f"{one.status or 200}",
            "warn" if one.error else "text",
        )
        for one in record.attempts
    ]


def _end(record: RequestRecord) -> Fact:
    if record.error:
        told = f"{record.status or ''} {record.error_type}: {said(record.error)}".strip()
        return Fact(translate("Details", "Error"), told, "bad")
    name = translate("Details", "Ended")
    if record.state is State.CANCELLED:
        return Fact(name, translate("Details", "The client left"))
    return Fact(name, "" if record.stop_reason in {"end_turn", "tool_use"} else record.stop_reason)


def _cost(entry: RequestEntry) -> str:
    match entry.billing:
        case None:
            return ""
        case Billing.NOT_BILLED:
            return translate("Details", "Not billed")
        case Billing.SUBSCRIPTION:
            return translate("Details", "paid by a subscription")
        case Billing.UNPRICED if entry.record.usage is None:
            return translate("Details", "unpriced: the provider told no token counts")
        case Billing.UNPRICED:
            return translate("Details", "unpriced: no price is known for this model")
    if entry.row is not None and entry.row.estimated:
        return translate("Details", "{0}, estimated").format(figures.money(entry.cost))
    return translate("Details", "{0}, as the provider said").format(figures.money(entry.cost))
