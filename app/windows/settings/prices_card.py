"""The card of prices that the user gives to models whose price nobody knows."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.state.app_state import AppState
from app.state.catalogue_port import Catalogue
from app.state.commands import ChangeSettings
from app.widgets.buttons import IconButton
from app.widgets.card import Card
from app.widgets.confirm_dialog import ask
from app.widgets.labels import ElidedLabel, Label, width_of
from app.widgets.model_choices import ModelOffer
from app.widgets.model_picker import ModelPicker
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_4, GAP_8, GAP_12, GAP_16
from app.windows.models.prices import has_no_price
from app.windows.settings import questions
from app.windows.settings.fields import LineEdit
from app.windows.settings.reading import Wrong, amount, written
from proxy_core.config.settings import PASSTHROUGH, Price, Settings


class PriceRow(QWidget):
    """A model and what a million of its tokens cost.

    ``changed`` says the new :class:`Price`, ``unwanted`` that it is to be removed.
    """

    changed = Signal(str, object)
    unwanted = Signal(str)

    def __init__(self, theme: Theme, model: str) -> None:
        super().__init__()
        self.model = model
        self.price: Price | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_16, GAP_12, GAP_16, GAP_12)
        column.setSpacing(GAP_4)
        row = QHBoxLayout()
        row.setSpacing(GAP_8)
        row.addWidget(ElidedLabel(model), 1)
        self.input = self._line(theme, f"price-input-{model}", self.tr("{0}, USD per million input tokens"))
        self.output = self._line(theme, f"price-output-{model}", self.tr("{0}, USD per million output tokens"))
        self.remove = IconButton(theme, "trash", self.tr("Remove the price of {0}").format(model), f"unprice-{model}")
        self.remove.clicked.connect(lambda: self.unwanted.emit(self.model))
        for label, line in ((self.tr("in"), self.input), (self.tr("out"), self.output)):
            row.addWidget(Label(label, "body", "muted"))
            row.addWidget(line)
        row.addWidget(self.remove)
        self.note = Label("", "small", "bad", wrap=True)
        self.note.hide()
        column.addLayout(row)
        column.addWidget(self.note)

    def show_price(self, price: Price | None) -> None:
        """What was given; None: nothing yet."""
        self.price = price
        self.input.show_text(written(price.input) if price else "")
        self.output.show_text(written(price.output) if price else "")
        self.remove.setEnabled(price is not None)

    @property
    def is_begun(self) -> bool:
        """Whether something was typed that is not kept yet."""
        return self.input.isModified() or self.output.isModified()

    def _line(self, theme: Theme, name: str, accessible: str) -> LineEdit:
        line = LineEdit()
        line.setObjectName(name)
        line.setAccessibleName(accessible.format(self.model))
        line.setFixedWidth(width_of(theme.font("body"), "8888.88") + 3 * GAP_8)
        line.textEdited.connect(self._check)
        line.done.connect(lambda _: self._keep())
        return line

    def _check(self, text: str) -> None:
        read = amount(text.strip())
        self._note(read.sentence if isinstance(read, Wrong) else "")

    def _note(self, sentence: str) -> None:
        self.note.setText(sentence)
        self.note.setVisible(bool(sentence))

    def _keep(self) -> None:
        """Keep the price once both halves of it are there; one that was not given is no price of 0."""
        lines = (self.input, self.output)
        given = [line.text().strip() for line in lines]
        read = [amount(text) for text in given]
        for value in read:
            if isinstance(value, Wrong):
                self._note(value.sentence)
                return
        if not all(given):
            is_on_its_way = any(line.hasFocus() for line, text in zip(lines, given, strict=True) if not text)
            self._note("" if is_on_its_way else self.tr("Enter both prices; 0 means free."))
            return
        self._note("")
        input_, output = (value if isinstance(value, float) else 0.0 for value in read)
        for line, value in ((self.input, input_), (self.output, output)):
            line.setModified(False)
            line.show_text(written(value))
        price = replace(self.price or Price(), input=input_, output=output)
        if price != self.price:
            self.changed.emit(self.model, price)


class PricesCard(Card):
    """Rows for the models that were given a price, and for those that play a role and have none."""

    command_requested = Signal(object)

    def __init__(self, theme: Theme, catalogue: Catalogue) -> None:
        super().__init__(self.tr("Your prices"), name="prices", padded=False, gap=0)
        self._theme = theme
        self._catalogue = catalogue
        self._settings = Settings()
        self._added: tuple[str, ...] = ()
        self.rows: dict[str, PriceRow] = {}
        self.head.addWidget(Label(self.tr("USD per million tokens"), "body", "muted"))
        self._column = QVBoxLayout()
        self._column.setSpacing(0)
        self.body.addLayout(self._column)
        foot = QHBoxLayout()
        foot.setContentsMargins(GAP_16, GAP_12, GAP_16, GAP_12)
        foot.setSpacing(GAP_16)
        foot.addWidget(Label(self.tr("For a model without a price"), "body", "muted", wrap=True), 2)
        self.picker = ModelPicker(theme, catalogue)
        self.picker.setObjectName("price-model")
        self.picker.setAccessibleName(self.tr("Model to give a price to"))
        self.picker.chosen.connect(self._add)
        foot.addWidget(self.picker, 3)
        self.body.addLayout(foot)

    def show_state(self, state: AppState) -> None:
        """Show the prices in force."""
        self._settings = state.settings
        local = tuple(model for server in state.local_servers for model in server.models)
        self.picker.offer(ModelOffer(reached=state.reached, local=local, passthrough=False))
        playing = dict.fromkeys(state.roles.values())
        unpriced = tuple(model for model in playing if model != PASSTHROUGH and self._has_no_price(model))
        begun = tuple(model for model, row in self.rows.items() if row.is_begun)
        wanted = tuple(dict.fromkeys((*state.settings.prices, *unpriced, *self._added, *begun)))
        for model in [model for model in self.rows if model not in wanted]:
            self.rows.pop(model).deleteLater()
        for model in wanted:
            if model not in self.rows:
                self.rows[model] = self._row(model)
            self.rows[model].show_price(state.settings.prices.get(model))

    def _has_no_price(self, model: str) -> bool:
        return self._catalogue.ready and has_no_price(model, self._catalogue, replace(self._settings, prices={}))

    def _row(self, model: str) -> PriceRow:
        row = PriceRow(self._theme, model)
        row.changed.connect(self._change)
        row.unwanted.connect(self._ask_about)
        self._column.addWidget(row)
        return row

    def _add(self, model: str) -> None:
        self.picker.show_value("")
        if model not in self.rows:
            self._added = (*self._added, model)
            self.rows[model] = self._row(model)
            self.rows[model].show_price(self._settings.prices.get(model))
        self.rows[model].input.setFocus()

    def _change(self, model: str, price: Price) -> None:
        self._send_command({**self._settings.prices, model: price})

    def _ask_about(self, model: str) -> None:
        row = self.rows[model]
        if row.price is not None:
            ask(self._theme, row.remove, questions.remove_price(model, row.price), lambda: self._remove(model))

    def _remove(self, model: str) -> None:
        self._added = tuple(other for other in self._added if other != model)
        self._send_command({other: price for other, price in self._settings.prices.items() if other != model})

    def _send_command(self, prices: dict[str, Price]) -> None:
        self.command_requested.emit(ChangeSettings(replace(self._settings, prices=prices)))
