"""What is known of one request beside its bodies: who asked, who answered and why, tokens, times and cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from PySide6.QtCore import QCoreApplication

from app.models.request_entry import Entry, output_tokens
from app.models.request_filter import full_model
from app.said import said, said_in_part
from app.widgets import figures
from app.widgets.bars import Share
from app.widgets.folders import from_home
from app.widgets.labels import LabelTone
from proxy_core.ledger.journal import State, Story
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
class Span:
    """A part of a request's time: from and to in seconds since it began."""

    name: str
    from_: float
    to: float
    series: int


def facts(entry: Entry) -> tuple[Fact, ...]:
    """Those that are known, in the order they are shown."""
    story = entry.story
    told = [
        Fact(translate("Details", "Asked for"), story.asked_for),
        Fact(translate("Details", "Why"), said_in_part(story.why)),
        Fact(translate("Details", "Sent to"), ", ".join(part for part in (full_model(story), story.engine) if part)),
        Fact(translate("Details", "Session"), _session(story), leads_to=Filter(session=story.session)),
        _project(story),
        Fact(translate("Details", "Profile"), story.profile),
        *_attempts(story),
        *(Fact(translate("Details", "Warning"), said(warning), "warn") for warning in story.warnings),
        _end(story),
        Fact(translate("Details", "Cost"), _cost(entry)),
    ]
    return tuple(fact for fact in told if fact.value)


def shares(story: Story) -> tuple[tuple[Share, str], ...]:
    """The parts of the token bar, each with its words for the legend."""
    usage = story.usage
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


def total_tokens(story: Story) -> str:
    """All tokens of a request; an estimate of the output while it runs."""
    if story.usage is not None:
        return figures.whole(story.usage.whole_input + story.usage.output)
    count, _ = output_tokens(story)
    return figures.NOTHING if count is None else f"~{figures.whole(count)}"


def spans(story: Story, now: float) -> tuple[Span, ...]:
    """Where the time went: tries that failed, reaching the provider, its first token, the rest."""
    began, end = story.began, now if story.ended is None else story.ended
    made: list[Span] = []
    at = 0.0
    failed = [one for one in story.attempts if one.error]
    answered = next((one for one in story.attempts if not one.error), None)
    if failed:
        waited = answered.waited if answered is not None else 0.0
        until = failed[-1].at - began + waited
        made.append(Span(translate("Details", "Tries"), at, until, 3))
        at = until
    if answered is not None:
        made.append(Span(translate("Details", "Connect"), at, answered.at - began, 3 if not failed else 0))
        at = answered.at - began
    if story.first_token is not None:
        made.append(Span(translate("Details", "First token"), at, story.first_token - began, 0))
        at = story.first_token - began
        made.append(Span(translate("Details", "Streaming"), at, end - began, 1))
    elif not failed or story.ended is None:
        made.append(Span(translate("Details", "Waiting"), at, end - began, 0))
    return tuple(span for span in made if span.to >= span.from_)


def _session(story: Story) -> str:
    parts = [PurePath(story.project).name if story.project else "", story.session[:8]]
    if story.agent:
        parts.append(translate("Details", "subagent {0}").format(story.agent[:8]))
    return ", ".join(part for part in parts if part) if story.session else ""


def _project(story: Story) -> Fact:
    """A session names its project: then no line is spent on it."""
    shown = "" if story.session else from_home(story.project)
    return Fact(translate("Details", "Project"), shown, leads_to=Filter(project=story.project))


def _attempts(story: Story) -> list[Fact]:
    last = story.attempts[-1] if story.attempts else None
    if last is None or (len(story.attempts) == 1 and last.error in {"", story.error}):
        return []  # what it says stands under Error
    name = translate("Details", "Try {0}")
    return [
        Fact(
            name.format(one.number),
            f"{one.status or figures.NOTHING}: {said(one.error)}" if one.error else f"{one.status or 200}",
            "warn" if one.error else "text",
        )
        for one in story.attempts
    ]


def _end(story: Story) -> Fact:
    if story.error:
        told = f"{story.status or ''} {story.error_type}: {said(story.error)}".strip()
        return Fact(translate("Details", "Error"), told, "bad")
    name = translate("Details", "Ended")
    if story.state is State.CANCELLED:
        return Fact(name, translate("Details", "The client left"))
    return Fact(name, "" if story.stop_reason in {"end_turn", "tool_use"} else story.stop_reason)


def _cost(entry: Entry) -> str:
    match entry.billing:
        case None:
            return ""
        case Billing.NOT_BILLED:
            return translate("Details", "Not billed")
        case Billing.SUBSCRIPTION:
            return translate("Details", "paid by a subscription")
        case Billing.UNPRICED if entry.story.usage is None:
            return translate("Details", "unpriced: the provider told no token counts")
        case Billing.UNPRICED:
            return translate("Details", "unpriced: no price is known for this model")
    if entry.row is not None and entry.row.estimated:
        return translate("Details", "{0}, estimated").format(figures.money(entry.cost))
    return translate("Details", "{0}, as the provider said").format(figures.money(entry.cost))
