"""The upper parts of the details: a grid of facts, the token bar, the bars of time."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.state.commands import ShowRequests
from app.widgets import figures
from app.widgets.bars import SpanBar, TokenBar
from app.widgets.buttons import LinkButton
from app.widgets.labels import Label, many_lines, plain_tip
from app.widgets.layouts import empty
from app.widgets.legend import Item, Legend
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_4, GAP_8, GAP_12
from app.windows.models.request_entry import RequestEntry
from app.windows.watch.facts import Fact, TimeSpan, facts, shares, spans, total_tokens
from proxy_core.ledger.request_events import RequestRecord

LONGEST = 600
"""Characters of a fact that are shown; all of it is in its tool tip."""


class FactPanel(QWidget):
    """Names and values; a value that leads somewhere is a button."""

    command_requested = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("facts")
        self._theme = theme
        self._shown: tuple[Fact, ...] = ()
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GAP_12)
        self._grid.setVerticalSpacing(GAP_4)
        self._grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._grid)
        column.addStretch(1)

    @property
    def shown(self) -> tuple[Fact, ...]:
        """What stands there."""
        return self._shown

    def show_entry(self, entry: RequestEntry) -> None:
        """Draw a request's facts; what stands there already is left alone."""
        told = facts(entry)
        if told == self._shown:
            return
        self._shown = told
        empty(self._grid)
        for at, fact in enumerate(told):
            name = Label(fact.name, "body", "muted")
            name.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            self._grid.addWidget(name, at, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(self._value(fact), at, 1)

    def _value(self, fact: Fact) -> QWidget:
        if fact.leads_to is not None:
            link = LinkButton(fact.value, "fact-link", self.tr("Show its requests"))
            link.clicked.connect(
                lambda _=False, wanted=fact.leads_to: self.command_requested.emit(ShowRequests(wanted))
            )
            return link
        text = many_lines(fact.value)
        value = Label(_breakable(text[:LONGEST] + ("…" if len(text) > LONGEST else "")), "body", fact.tone, wrap=True)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        value.setToolTip(plain_tip(text) if len(text) > LONGEST else "")
        return value


class TokenPanel(QWidget):
    """How many tokens, and of which kind."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_8)
        self.total = Label(tone="muted")
        column.addLayout(_head(self.tr("Tokens"), self.total))
        self.bar = TokenBar(theme, "token-bar")
        self.legend = Legend(theme, "token-legend")
        column.addWidget(self.bar)
        column.addWidget(self.legend)

    def show_story(self, record: RequestRecord) -> None:
        """Draw a request's tokens."""
        parts = shares(record)
        self.total.setText(total_tokens(record))
        self.bar.setVisible(bool(parts))
        self.legend.setVisible(bool(parts))
        words = tuple(word for _, word in parts)
        self.bar.show_shares(tuple(share for share, _ in parts), ", ".join(words))
        self.legend.show_items(tuple(Item(word, share.series) for share, word in parts))


class TimePanel(QWidget):
    """Where the time went."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._series: tuple[tuple[str, int], ...] = ()
        self._bars: list[tuple[SpanBar, Label]] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_8)
        self.total = Label(tone="muted")
        column.addLayout(_head(self.tr("Timing"), self.total))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(GAP_12)
        self._grid.setVerticalSpacing(GAP_4)
        self._grid.setColumnStretch(1, 1)
        column.addLayout(self._grid)

    def show_story(self, record: RequestRecord, now: float) -> None:
        """Draw when a request began and where its time went, up to ``now`` while it runs (Unix time in seconds)."""
        told = spans(record, now)
        running = record.ended is None
        whole = (now if record.ended is None else record.ended) - record.began
        self.total.setText(f"{figures.day_and_clock(record.began)} · {figures.seconds(whole, running=running)}")
        if tuple((span.name, span.series) for span in told) != self._series:
            self._build(told)
        for span, (bar, took) in zip(told, self._bars, strict=True):
            bar.show_span(span.from_ / whole if whole > 0 else 0.0, span.to / whole if whole > 0 else 0.0)
            took.setText(figures.seconds(span.to - span.from_))
            bar.setAccessibleName(f"{span.name}: {took.text()}")

    def _build(self, told: tuple[TimeSpan, ...]) -> None:
        self._series = tuple((span.name, span.series) for span in told)
        self._bars.clear()
        empty(self._grid)
        for at, span in enumerate(told):
            bar, took = SpanBar(self._theme, span.series), Label()
            took.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(Label(span.name, tone="muted"), at, 0)
            self._grid.addWidget(bar, at, 1)
            self._grid.addWidget(took, at, 2)
            self._bars.append((bar, took))


def _head(title: str, figure: Label) -> QHBoxLayout:
    row = QHBoxLayout()
    row.addWidget(Label(title, "strong"))
    row.addStretch(1)
    row.addWidget(figure)
    return row


def _breakable(text: str) -> str:
    """Long words may be broken where paths and names have their joints, so that none is cut."""
    if max(map(len, text.split()), default=0) <= 24:
        return text
    for joint in "/-_.:,":
        text = text.replace(joint, f"{joint}\N{ZERO WIDTH SPACE}")
    return " ".join(_halved(word) for word in text.split(" "))


def _halved(word: str) -> str:
    pieces = word.split("\N{ZERO WIDTH SPACE}")
    return "\N{ZERO WIDTH SPACE}".join(
        "\N{ZERO WIDTH SPACE}".join(piece[at : at + 20] for at in range(0, len(piece), 20))
        if len(piece) > 24
        else piece
        for piece in pieces
    )
