"""Where a body is read: laid out a piece at a time, searched and copied, its pictures above."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QFont, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QSizePolicy, QTextEdit, QVBoxLayout, QWidget

from app.widgets import figures
from app.widgets.buttons import IconButton, QuietButton
from app.widgets.labels import Label
from app.widgets.search_field import SearchField
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_4, GAP_8
from app.windows.watch.picture_strip import PictureStrip
from app.windows.watch.spans import FIRST_SHOWN, Look, Sheet, TextSpan

TICK: Final = 15
"""Milliseconds between two pieces of a long body; the window stays alive between them."""
MOST_MARKED: Final = 500
"""How many finds are coloured at once."""


class BodyView(QWidget):
    """Shows a :class:`Sheet`; :meth:`look_for` opens the search."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._sheet = Sheet(())
        self._left: Iterator[TextSpan] | None = None
        self._words = ""
        self._start = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_8)
        self.bar = QWidget()
        self.bar.setVisible(False)
        tools = QHBoxLayout(self.bar)
        tools.setContentsMargins(0, 0, 0, 0)
        tools.setSpacing(GAP_4)
        self.search = SearchField(theme, "body-search", self.tr("Search in this body"))
        self.search.searched.connect(self._searched)
        self.search.returnPressed.connect(lambda: self._step(backward=False))
        self.found = Label("", "small", "muted")
        self.previous = IconButton(theme, "left", self.tr("Previous find"), "find-previous")
        self.previous.clicked.connect(lambda: self._step(backward=True))
        self.next = IconButton(theme, "right", self.tr("Next find"), "find-next")
        self.next.clicked.connect(lambda: self._step(backward=False))
        tools.addWidget(self.search, 1)
        for widget in (self.found, self.previous, self.next):
            tools.addWidget(widget)
        column.addWidget(self.bar)
        self.pictures = PictureStrip(theme)
        column.addWidget(self.pictures)
        self.text = QPlainTextEdit()
        self.text.setObjectName("body")
        self.text.setAccessibleName(self.tr("Body"))
        self.text.setProperty("role", "body")
        self.text.setReadOnly(True)
        self.text.setUndoRedoEnabled(False)
        self.text.setTabChangesFocus(True)
        self.text.setMinimumHeight(140)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        column.addWidget(self.text, 1)
        self.all = QuietButton(theme, "", "show-all", flat=True)
        self.all.setProperty("kind", "link")
        self.all.clicked.connect(self.show_all)
        column.addWidget(self.all)
        self._ticks = QTimer(self)
        self._ticks.setInterval(TICK)
        self._ticks.timeout.connect(self._write_more)
        theme.changed.connect(self._redraw)
        self.show_sheet(self._sheet)

    @property
    def loading(self) -> bool:
        """Whether pieces are still to come."""
        return self._ticks.isActive()

    def show_sheet(self, sheet: Sheet) -> None:
        """Show this from its start."""
        self._ticks.stop()
        self._left = None
        self._sheet = sheet
        self.text.clear()
        self._found()
        start = 0
        cursor = self._end()
        for at, span in enumerate(sheet.first):
            if at == sheet.start:
                start = cursor.position()
            self._write(cursor, span)
        rest = 0 if sheet.whole is None else sum(len(span.text) for span in sheet.whole)
        self.all.setVisible(sheet.whole is not None)
        self.all.setText(self.tr("Show all {0} characters").format(figures.whole(rest)))
        self._start = start
        QTimer.singleShot(0, self, self._stand)  # not once it is gone
        self.pictures.show_pictures(sheet.pictures)
        if self._words:
            self._mark()

    def look_for(self, *, on: bool) -> None:
        """Open the search, or put it away and forget its words."""
        self.bar.setVisible(on)
        if on:
            self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            self.search.clear()
            self.search.say()

    def show_all(self) -> None:
        """Lay out all of it, piece by piece."""
        if self._sheet.whole is None or self.loading:
            return
        self.all.hide()
        self.text.clear()
        self._left = _pieces(self._sheet.whole)
        self._write_more()
        self._ticks.start()

    def _redraw(self) -> None:
        self.show_sheet(self._sheet)

    def _write_more(self) -> None:
        cursor, room = self._end(), FIRST_SHOWN // 4
        for span in self._left or ():
            self._write(cursor, span)
            room -= len(span.text)
            if room <= 0:
                return
        self._ticks.stop()
        self._left = None
        if self._words:
            self._mark()

    def _end(self) -> QTextCursor:
        cursor = QTextCursor(self.text.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        return cursor

    def _write(self, cursor: QTextCursor, span: TextSpan) -> None:
        cursor.insertText(span.text, self._format(span.look))

    def _format(self, look: Look) -> QTextCharFormat:
        tokens, format_ = self._theme.tokens, QTextCharFormat()
        mono = look in {Look.MONO, Look.GONE, Look.NEW, Look.BAD}
        font = self._theme.font("mono" if mono else "body")
        ink, behind = tokens.text, ""
        match look:
            case Look.SPEAKER:
                font.setWeight(QFont.Weight.DemiBold)
                ink = tokens.accent_on_tint
            case Look.NAME:
                font.setWeight(QFont.Weight.Medium)
            case Look.MUTED:
                ink = tokens.muted
            case Look.THOUGHT:
                font.setItalic(True)
                ink = tokens.muted
            case Look.GONE:
                ink, behind = tokens.bad, tokens.bad_tint
            case Look.NEW:
                ink, behind = tokens.good, tokens.good_tint
            case Look.BAD:
                ink = tokens.bad
            case Look.PLAIN | Look.MONO:
                pass
        format_.setFont(font)
        format_.setForeground(QColor(ink))
        if behind:
            format_.setBackground(QColor(behind))
        return format_

    def _stand(self) -> None:
        """Its start at the top; only once the view has its size are there lines to scroll by."""
        cursor = QTextCursor(self.text.document())
        cursor.setPosition(min(self._start, self.text.document().characterCount() - 1))
        bar = self.text.verticalScrollBar()
        bar.setValue(bar.maximum())
        self.text.setTextCursor(cursor)
        self.text.ensureCursorVisible()

    # Search

    def _searched(self, words: str) -> None:
        self._words = words
        if words and self._sheet.whole is not None and not self.all.isHidden():
            self.show_all()
            return
        self._mark()

    def _mark(self) -> None:
        marks: list[QTextEdit.ExtraSelection] = []
        cursor = QTextCursor(self.text.document())
        behind = QColor(self._theme.tokens.warn_tint)
        ink = QColor(self._theme.tokens.warn)
        while self._words and len(marks) < MOST_MARKED:
            cursor = self.text.document().find(self._words, cursor)
            if cursor.isNull():
                break
            mark = QTextEdit.ExtraSelection()
            mark.cursor = cursor
            mark.format.setBackground(behind)
            mark.format.setForeground(ink)
            marks.append(mark)
        self.text.setExtraSelections(marks)
        self._found(len(marks))
        if marks:
            self.text.moveCursor(QTextCursor.MoveOperation.Start)
            self._step(backward=False)

    def _found(self, count: int = 0) -> None:
        more = "+" if count >= MOST_MARKED else ""
        self.found.setText(f"{count}{more}" if self._words else "")
        self.previous.setVisible(bool(self._words))
        self.next.setVisible(bool(self._words))

    def _step(self, *, backward: bool) -> None:
        if not self._words:
            return
        flags = QTextDocument.FindFlag.FindBackward if backward else QTextDocument.FindFlag(0)
        if not self.text.find(self._words, flags):
            edge = QTextCursor.MoveOperation.End if backward else QTextCursor.MoveOperation.Start
            self.text.moveCursor(edge)
            self.text.find(self._words, flags)


def _pieces(spans: tuple[TextSpan, ...]) -> Iterator[TextSpan]:
    """The spans, long ones in parts, so that no part takes long to lay out."""
    size = FIRST_SHOWN // 4
    for span in spans:
        for at in range(0, len(span.text), size):
            yield TextSpan(span.text[at : at + size], span.look)
