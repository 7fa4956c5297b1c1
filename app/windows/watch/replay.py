"""A request once more on another model: where the model is chosen, and both answers side by side."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from app.i18n.said import said
from app.state.catalogue_port import Catalogue
from app.state.query_results import ReplayProgress, ReplaySide
from app.widgets import figures
from app.widgets.buttons import PrimaryButton, QuietButton
from app.widgets.card import Card
from app.widgets.labels import ElidedLabel, Label, many_lines
from app.widgets.model_choices import ModelOffer
from app.widgets.model_picker import ModelPicker
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8, GAP_16, GAP_24
from app.windows.models.request_filter import full_model
from app.windows.watch.spans import broken_lines
from proxy_core.ledger.rows import Billing, RequestRow


class AgainField(QWidget):
    """``chosen`` says the model (``provider/name``) on which to run again."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, catalogue: Catalogue | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("again")
        self._offered = ModelOffer()
        self._picker = None if catalogue is None else ModelPicker(theme, catalogue)
        if self._picker is not None:
            self._picker.chosen.connect(self._pick)
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP_16, 0, GAP_16, GAP_8)
        row.setSpacing(GAP_8)
        self.field: QLineEdit = self._picker or self._plain()
        self.field.setObjectName("again-model")
        self.field.setAccessibleName(self.tr("Model to run it on"))
        self.go = QuietButton(theme, self.tr("Run"), "again-go", "start")
        self.go.clicked.connect(self._go)
        row.addWidget(self.field, 1)
        row.addWidget(self.go)

    def offer(self, offer: ModelOffer) -> None:
        """What is marked where models are searched."""
        if self._picker is not None and offer != self._offered:
            self._offered = offer
            self._picker.offer(offer)

    def begin(self, model: str) -> None:
        """Ask for a model; the one that answered is there to be changed."""
        if self._picker is not None:
            self._picker.show_value(model)
        else:
            self.field.setText(model)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.field.selectAll()

    def _plain(self) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText(self.tr("provider/name"))
        field.returnPressed.connect(self._go)
        return field

    def _pick(self, model: str) -> None:
        if self._picker is not None:
            self._picker.show_value(model)

    def _go(self) -> None:
        model = self.field.text().strip() if self._picker is None else self._picker.value
        if model:
            self.chosen.emit(model)


class AgainWindow(QDialog):
    """Both answers of a request; the second comes when it is there."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("again-window")
        self.setWindowTitle(self.tr("Run again"))
        self.resize(900, 560)
        self.setMinimumSize(560, 360)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_24, GAP_24, GAP_24, GAP_16)
        column.setSpacing(GAP_16)
        sides = QHBoxLayout()
        sides.setSpacing(GAP_16)
        self.before = _SideCard("before", self.tr("First answer"))
        self.after = _SideCard("after", self.tr("Second answer"))
        sides.addWidget(self.before, 1)
        sides.addWidget(self.after, 1)
        column.addLayout(sides, 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        close = PrimaryButton(theme, self.tr("Close"), "again-close")
        close.clicked.connect(self.close)
        foot.addWidget(close)
        column.addLayout(foot)

    def show_answer(self, answer: ReplayProgress) -> None:
        """Draw what there is of both."""
        self.before.show_side(answer.before, "")
        self.after.show_side(answer.after, answer.model)
        if not self.isVisible():
            self.show()


class _SideCard(Card):
    def __init__(self, name: str, title: str) -> None:
        super().__init__(title, name=name)
        self.model = ElidedLabel(type_="strong", mode=Qt.TextElideMode.ElideMiddle)
        self.figures = Label("", "small", "muted", wrap=True)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setProperty("role", "body")
        self.text.setAccessibleName(title)
        self.text.setTabChangesFocus(True)
        self.text.setMinimumHeight(2 * GAP_24)  # room for a long trouble above it
        for widget in (self.model, self.figures):
            self.body.addWidget(widget)
        self.body.addWidget(self.text, 1)

    def show_side(self, side: ReplaySide | None, model: str) -> None:
        if side is None:
            self.model.setText(model)
            self.figures.setText(self.tr("Running…"))
            self.text.setPlainText("")
            return
        self.model.setText(model if side.row is None else full_model(side.row.record))
        self.figures.setText(said(side.trouble) or self._figures(side))
        self.figures.set_tone("bad" if side.trouble else "muted")
        self.text.setPlainText(broken_lines(many_lines(side.text)))

    def _figures(self, side: ReplaySide) -> str:
        if side.row is None:
            return ""
        record = side.row.record
        usage = record.usage
        parts = [
            self.tr("first token {0}").format(figures.seconds(record.time_to_first_token)),
            self.tr("whole {0}").format(figures.seconds(record.duration)),
            ""
            if usage is None
            else self.tr("{0} in, {1} out").format(figures.tokens(usage.whole_input), figures.tokens(usage.output)),
            self._cost(side.row),
        ]
        return " · ".join(part for part in parts if part)

    def _cost(self, row: RequestRow) -> str:
        if row.cost is not None:
            return figures.money(row.cost)
        return self.tr("not billed") if row.billing is Billing.NOT_BILLED else self.tr("unpriced")
