"""The lower part of the details: the conversation, what was asked, what was sent, what was answered."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from app.conversation.reading import laid_out
from app.state.commands import CopyText
from app.state.query_results import BodiesRead
from app.widgets.buttons import IconButton
from app.widgets.labels import Label
from app.widgets.segmented import Segmented
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8
from app.windows.watch.bodies import CONVERSATION, BodyReader
from app.windows.watch.body_view import BodyView
from app.windows.watch.spans import Sheet
from proxy_core.ledger.rows import BodyKind


class BodyPanel(QWidget):
    """Shows one view of the bodies; which one stays chosen from request to request."""

    command_requested = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._answer: BodiesRead | None = None
        self._id = ""
        views = (
            (CONVERSATION, self.tr("Conversation")),
            (BodyKind.REQUEST.value, self.tr("Request")),
            (BodyKind.UPSTREAM.value, self.tr("Upstream")),
            (BodyKind.ANSWER.value, self.tr("Answer")),
        )
        self._chosen = CONVERSATION
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_8)
        head = QHBoxLayout()
        head.setSpacing(GAP_8)
        self._title = Label(self.tr("Body"), "strong")
        self.segments = Segmented(theme, "body-views", self.tr("Which body"), views)
        self.segments.chosen.connect(self._choose)
        self.combo = QComboBox()
        self.combo.setObjectName("body-view")
        self.combo.setAccessibleName(self.tr("Which body"))
        for id_, word in views:
            self.combo.addItem(word, id_)
        self.combo.activated.connect(lambda at: self._choose(str(self.combo.itemData(at))))
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self.segments)
        head.addWidget(self.combo)
        self.look = IconButton(theme, "search", self.tr("Search in this body"), "find-in-body")
        self.look.setCheckable(True)
        self.copy = IconButton(theme, "copy", self.tr("Copy this body"), "copy-body")
        self.copy.clicked.connect(self._copy)
        head.addWidget(self.look)
        head.addWidget(self.copy)
        column.addLayout(head)
        self.note = Label("", "small", "muted", wrap=True)
        self.note.setVisible(False)
        column.addWidget(self.note)
        self.view = BodyView(theme)
        self.look.toggled.connect(lambda on: self.view.look_for(on=on))
        column.addWidget(self.view, 1)
        self._reader = BodyReader(self)
        self._reader.read.connect(self._show)

    @property
    def chosen(self) -> str:
        """The view that is shown: ``conversation`` or a part's name."""
        return self._chosen

    def show_waiting(self, id_: str) -> None:
        """Nothing, until the bodies of another request are here."""
        self._id = id_
        self._answer = None
        self._tell("")
        self.view.show_sheet(Sheet(()))

    def show_bodies(self, answer: BodiesRead) -> None:
        """The bodies of a request."""
        same = self._answer is not None and self._answer.id == answer.id and self._answer.bodies == answer.bodies
        self._answer, self._id = answer, answer.id
        if not same:
            self._read()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        needed = (
            self.segments.sizeHint().width()
            + self._title.sizeHint().width()
            + 4 * GAP_8
            + 2 * self.copy.sizeHint().width()
        )
        fits = needed <= self.width()
        self.segments.setVisible(fits)
        self.combo.setVisible(not fits)

    def _choose(self, view: str) -> None:
        self._chosen = view
        self.segments.choose(view)
        self.combo.setCurrentIndex(self.combo.findData(view))
        self._read()

    def _read(self) -> None:
        if self._answer is None:
            return
        bodies = self._answer.bodies
        wanted = {BodyKind.REQUEST, BodyKind.ANSWER} if self._chosen == CONVERSATION else {BodyKind(self._chosen)}
        if not wanted & set(bodies):
            gone = self.tr("This request is not in the ledger any more.")
            none = self.tr("Nothing was kept of this body.")
            self._tell(gone if self._answer.row is None else none)
            self.view.show_sheet(Sheet(()))
            return
        self._tell(self._remarks())
        if not self._reader.ask(self._chosen, bodies):
            self.view.show_sheet(Sheet(()))
            self._tell(self.tr("Reading…"))

    def _remarks(self) -> str:
        """What was done to the bodies that are shown before they were kept."""
        shown = {BodyKind.REQUEST, BodyKind.ANSWER} if self._chosen == CONVERSATION else {BodyKind(self._chosen)}
        kept = [one for one in (self._answer.kept if self._answer is not None else ()) if one.part in shown]
        hidden = sum(one.hidden for one in kept)
        said = []
        if any(one.cut for one in kept):
            said.append(self.tr("Only its beginning was kept."))
        if hidden == 1:
            said.append(self.tr("A secret was taken out."))
        elif hidden:
            said.append(self.tr("{0} secrets were taken out.").format(hidden))
        return " ".join(said)

    def _show(self, sheet: Sheet) -> None:
        self._tell(self._remarks())
        self.view.show_sheet(sheet)

    def _tell(self, words: str) -> None:
        self.note.setText(words)
        self.note.setVisible(bool(words))

    def _copy(self) -> None:
        if self._answer is None:
            return
        if self._chosen == CONVERSATION:
            text = self.view.text.toPlainText()
        else:
            text = laid_out(self._answer.bodies.get(BodyKind(self._chosen), b""))
        if text:
            self.command_requested.emit(CopyText(text, self.tr("The body was copied.")))
