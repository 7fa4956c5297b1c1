"""One request as a table shows it: its story, what the ledger adds, and the words made of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QCoreApplication

from app.said import said, said_in_part
from app.widgets import figures
from app.widgets.chip import ChipKind
from app.widgets.labels import one_line
from proxy_core.ledger.journal import State, Story
from proxy_core.ledger.rows import Billing, Row, billing_of

translate = QCoreApplication.translate

BYTES_PER_TOKEN: Final = 4
"""While an answer runs only the size of its text in UTF-8 is known; this makes an estimate of it.

A token of English or code has about four letters. A Chinese character has three bytes, and takes about 0.7 of a token.
"""


class Column(IntEnum):
    """The table's columns, from the left."""

    TIME = 0
    ROLE = 1
    MODEL = 2
    STATUS = 3
    TOKENS = 4
    FIRST = 5
    DURATION = 6
    COST = 7


@dataclass(frozen=True, slots=True)
class Status:
    """The chip of a request."""

    word: str
    kind: ChipKind


@dataclass(slots=True)
class Entry:
    """A row of the table. ``row`` is what the ledger has of it; a request that only runs has none yet."""

    story: Story
    row: Row | None = None
    key: tuple[float, str] = field(init=False)
    words: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key = (self.story.began, self.story.id)

    @property
    def cost(self) -> float | None:
        """In USD, None where it is not known (yet)."""
        known = None if self.row is None else self.row.cost
        return self.story.cost if known is None else known

    @property
    def billing(self) -> Billing | None:
        """What is known of the cost; None where that is not known yet."""
        known = billing_of(self.story, self.cost)
        return None if known is Billing.UNPRICED and self.row is None else known

    def take(self, story: Story, row: Row | None) -> bool:
        """Newer news of the same request; whether anything changed. An end is never taken back."""
        known = self.row if row is None else row
        newer = self.story if self.story.ended is not None and story.ended is None else story
        if newer is self.story and known is self.row:
            return False
        if newer == self.story and known == self.row:
            return False
        self.story, self.row = newer, known
        self.words.clear()
        return True


def output_tokens(story: Story) -> tuple[int | None, bool]:
    """What was written, and whether that is an estimate."""
    if story.usage is not None:
        return story.usage.output, False
    if story.ended is None and story.text_bytes:
        return max(1, story.text_bytes // BYTES_PER_TOKEN), True
    return None, False


def input_words(story: Story) -> str:
    """What was read, cached or not."""
    return figures.tokens(None if story.usage is None else story.usage.whole_input)


def output_words(story: Story) -> str:
    """What was written; a tilde before an estimate."""
    count, estimated = output_tokens(story)
    return ("~" if estimated else "") + figures.tokens(count)


def words(entry: Entry, column: int, now: float) -> str:
    """What a cell says at ``now`` (Unix time in seconds).

    It is kept in the entry, but for what counts up while the request runs, and its time, which is a day tomorrow.
    """
    kept = entry.words.get(column)
    if kept is not None:
        return kept
    made = _words(entry, Column(column), now)
    if column != Column.TIME and (entry.story.ended is not None or column not in {Column.DURATION, Column.TOKENS}):
        entry.words[column] = made
    return made


def _words(entry: Entry, column: Column, now: float) -> str:
    story = entry.story
    match column:
        case Column.TIME:
            return figures.clock_or_day(story.began, now)
        case Column.ROLE:
            return one_line(story.role).upper()[:40]
        case Column.MODEL:
            return one_line(model_name(story))[:200]
        case Column.STATUS:
            return status(story).word
        case Column.TOKENS:
            return f"{input_words(story)} → {output_words(story)}"
        case Column.FIRST:
            return figures.seconds(story.time_to_first_token)
        case Column.DURATION:
            if story.ended is None:
                return figures.seconds(now - story.began, running=True)
            return figures.seconds(story.duration)
        case Column.COST:
            return figures.money(entry.cost)


def tip(entry: Entry, column: int) -> str:
    """What a cell has no room for."""
    story = entry.story
    if column == Column.TIME:
        return figures.day_and_clock(story.began)
    if column == Column.MODEL:
        return ", ".join(part for part in (story.model, story.asked_for, said_in_part(story.why)) if part)
    if column == Column.STATUS:
        return said(story.error or next((one.error for one in story.attempts if one.error), ""))
    if column == Column.TOKENS and story.usage is not None and story.usage.cache_read:
        told = translate("Requests", "{0} of {1} read from a cache")
        return told.format(figures.tokens(story.usage.cache_read), figures.tokens(story.usage.whole_input))
    if column == Column.COST:
        words = {
            Billing.UNPRICED: translate("Requests", "Unpriced"),
            Billing.NOT_BILLED: translate("Requests", "Not billed"),
            Billing.SUBSCRIPTION: translate("Requests", "Paid by a subscription"),
        }
        return words.get(entry.billing, "") if entry.billing else ""
    return ""


def model_name(story: Story) -> str:
    """The model without its provider; what was asked for where none was chosen."""
    return story.model.removeprefix(f"{story.provider}/") or story.asked_for


def status(story: Story) -> Status:
    """What the chip says."""
    match story.state:
        case State.RUNNING:
            word = translate("Requests", "Waiting") if story.first_token is None else translate("Requests", "Streaming")
            return Status(word, ChipKind.INFO)
        case State.CANCELLED:
            return Status(translate("Requests", "Cancelled"), ChipKind.QUIET)
        case State.FAILED:
            return Status(f"{story.status or ''} · {reason(story)}".strip(" ·"), ChipKind.BAD)
        case State.DONE:
            failed = next((one for one in story.attempts if one.error), None)
            if failed is None:
                return Status(str(story.status or 200), ChipKind.GOOD)
            word = translate("Requests", "{0} · retried").format(failed.status or story.status or 200)
            return Status(word, ChipKind.WARN)


def reason(story: Story) -> str:
    """Why a request failed, in a word."""
    return _reasons().get(story.error_type, translate("Requests", "failed"))


def chip_samples() -> tuple[str, ...]:
    """The longest words that a chip may say: how wide it gets."""
    retried, cancelled = translate("Requests", "{0} · retried").format(429), translate("Requests", "Cancelled")
    return retried, cancelled, *(f"529 · {word}" for word in _reasons().values())


def _reasons() -> dict[str, str]:
    """A word for each of the API's error types."""
    return {
        "authentication_error": translate("Requests", "key"),
        "permission_error": translate("Requests", "denied"),
        "billing_error": translate("Requests", "billing"),
        "rate_limit_error": translate("Requests", "limit"),
        "overloaded_error": translate("Requests", "busy"),
        "invalid_request_error": translate("Requests", "invalid"),
        "request_too_large": translate("Requests", "too big"),
        "not_found_error": translate("Requests", "gone"),
        "timeout_error": translate("Requests", "slow"),
        "api_error": translate("Requests", "error"),
    }
