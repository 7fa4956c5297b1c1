"""One request as a table shows it: its story, what the ledger adds, and the words made of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QCoreApplication

from app.i18n.said import said, said_in_part
from app.widgets import figures
from app.widgets.chip import ChipKind
from app.widgets.labels import one_line
from proxy_core.ledger.request_events import RequestRecord, State
from proxy_core.ledger.rows import Billing, RequestRow, billing_of

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
class RequestEntry:
    """A row of the table. ``row`` is what the ledger has of it; a request that only runs has none yet."""

    record: RequestRecord
    row: RequestRow | None = None
    key: tuple[float, str] = field(init=False)
    words: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key = (self.record.began, self.record.id)

    @property
    def cost(self) -> float | None:
        """In USD, None where it is not known (yet)."""
        known = None if self.row is None else self.row.cost
        return self.record.cost if known is None else known

    @property
    def billing(self) -> Billing | None:
        """What is known of the cost; None where that is not known yet."""
        known = billing_of(self.record, self.cost)
        return None if known is Billing.UNPRICED and self.row is None else known

    def take(self, record: RequestRecord, row: RequestRow | None) -> bool:
        """Newer news of the same request; whether anything changed. An end is never taken back."""
        known = self.row if row is None else row
        newer = self.record if self.record.ended is not None and record.ended is None else record
        if newer is self.record and known is self.row:
            return False
        if newer == self.record and known == self.row:
            return False
        self.record, self.row = newer, known
        self.words.clear()
        return True


def output_tokens(record: RequestRecord) -> tuple[int | None, bool]:
    """What was written, and whether that is an estimate."""
    if record.usage is not None:
        return record.usage.output, False
    if record.ended is None and record.text_bytes:
        return max(1, record.text_bytes // BYTES_PER_TOKEN), True
    return None, False


def input_words(record: RequestRecord) -> str:
    """What was read, cached or not."""
    return figures.tokens(None if record.usage is None else record.usage.whole_input)


def output_words(record: RequestRecord) -> str:
    """What was written; a tilde before an estimate."""
    count, estimated = output_tokens(record)
    return ("~" if estimated else "") + figures.tokens(count)


def words(entry: RequestEntry, column: int, now: float) -> str:
    """What a cell says at ``now`` (Unix time in seconds).

    It is kept in the entry, but for what counts up while the request runs, and its time, which is a day tomorrow.
    """
    kept = entry.words.get(column)
    if kept is not None:
        return kept
    made = _words(entry, Column(column), now)
    if column != Column.TIME and (entry.record.ended is not None or column not in {Column.DURATION, Column.TOKENS}):
        entry.words[column] = made
    return made


def _words(entry: RequestEntry, column: Column, now: float) -> str:
    record = entry.record
    match column:
        case Column.TIME:
            return figures.clock_or_day(record.began, now)
        case Column.ROLE:
            return one_line(record.role).upper()[:40]
        case Column.MODEL:
            return one_line(model_name(record))[:200]
        case Column.STATUS:
            return status(record).word
        case Column.TOKENS:
            return f"{input_words(record)} → {output_words(record)}"
        case Column.FIRST:
            return figures.seconds(record.time_to_first_token)
        case Column.DURATION:
            if record.ended is None:
                return figures.seconds(now - record.began, running=True)
            return figures.seconds(record.duration)
        case Column.COST:
            return figures.money(entry.cost)


def tip(entry: RequestEntry, column: int) -> str:
    """What a cell has no room for."""
    record = entry.record
    if column == Column.TIME:
        return figures.day_and_clock(record.began)
    if column == Column.MODEL:
        return ", ".join(part for part in (record.model, record.asked_for, said_in_part(record.why)) if part)
    if column == Column.STATUS:
        return said(record.error or next((one.error for one in record.attempts if one.error), ""))
    if column == Column.TOKENS and record.usage is not None and record.usage.cache_read:
        told = translate("Requests", "{0} of {1} read from a cache")
        return told.format(figures.tokens(record.usage.cache_read), figures.tokens(record.usage.whole_input))
    if column == Column.COST:
        words = {
            Billing.UNPRICED: translate("Requests", "Unpriced"),
            Billing.NOT_BILLED: translate("Requests", "Not billed"),
            Billing.SUBSCRIPTION: translate("Requests", "Paid by a subscription"),
        }
        return words.get(entry.billing, "") if entry.billing else ""
    return ""


def model_name(record: RequestRecord) -> str:
    """The model without its provider; what was asked for where none was chosen."""
    return record.model.removeprefix(f"{record.provider}/") or record.asked_for


def status(record: RequestRecord) -> Status:
    """What the chip says."""
    match record.state:
        case State.RUNNING:
            word = (
                translate("Requests", "Waiting") if record.first_token is None else translate("Requests", "Streaming")
            )
            return Status(word, ChipKind.INFO)
        case State.CANCELLED:
            return Status(translate("Requests", "Cancelled"), ChipKind.QUIET)
        case State.FAILED:
            return Status(f"{record.status or ''} · {reason(record)}".strip(" ·"), ChipKind.BAD)
        case State.DONE:
            failed = next((one for one in record.attempts if one.error), None)
            if failed is None:
                return Status(str(record.status or 200), ChipKind.GOOD)
            word = translate("Requests", "{0} · retried").format(failed.status or record.status or 200)
            return Status(word, ChipKind.WARN)


def reason(record: RequestRecord) -> str:
    """Why a request failed, in a word."""
    return _reasons().get(record.error_type, translate("Requests", "failed"))


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
