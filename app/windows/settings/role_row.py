"""One role in the table: who plays it, what that model can and costs, and how it did when it was tried."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.i18n.said import said
from app.state.app_state import CheckVerdict, ProbeView
from app.state.catalogue_port import Catalogue
from app.widgets.buttons import QuietButton
from app.widgets.chip import Chip, ChipKind
from app.widgets.figures import clock, money, seconds
from app.widgets.flow import Flow
from app.widgets.labels import Label, plain_tip, width_of
from app.widgets.layouts import empty
from app.widgets.model_choices import ModelOffer
from app.widgets.model_list import abilities, facts_words
from app.widgets.model_picker import ModelPicker
from app.widgets.styled import restyle
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_4, GAP_12, GAP_16
from app.windows.role_words import role_words
from proxy_core.catalogue.values import ModelFacts
from proxy_core.catalogue.words import price
from proxy_core.config.settings import DEFAULT_ROLES, PASSTHROUGH, Role

_KINDS = {
    CheckVerdict.RUNNING: ChipKind.INFO,
    CheckVerdict.GOOD: ChipKind.GOOD,
    CheckVerdict.NOTED: ChipKind.WARN,
    CheckVerdict.BAD: ChipKind.BAD,
    CheckVerdict.SKIPPED: ChipKind.QUIET,
}


@dataclass(frozen=True, slots=True)
class RoleView:
    """What is shown of a role: ``model`` is empty for one that is not set and follows BIG.

    ``tariff`` has the prices that hold for it, None where there are none. ``variable`` names what fixes it in the
    environment; ``lack`` says what the model misses to be reached. ``followed`` is the model in force where ``model``
    is empty, itself empty for an optional role; ``uses_big`` says it is BIG's.
    """

    model: str
    offer: ModelOffer
    variable: str = ""
    lack: str = ""
    trial: ProbeView | None = None
    tariff: ModelFacts | None = None
    followed: str = ""
    uses_big: bool = False

    @property
    def config_snapshot(self) -> str:
        """The model that answers, as far as it is told."""
        return self.model or self.followed


class RoleRow(QWidget):
    """``cast`` says the role and its new model, ``tried`` that it is to be tried."""

    cast = Signal(object, str)
    tried = Signal(object)

    def __init__(self, theme: Theme, catalogue: Catalogue, role: Role) -> None:
        super().__init__()
        self.setObjectName(f"role-{role}")
        self.role = role
        self._theme = theme
        self._catalogue = catalogue
        self._lack = ""
        self._wrong = ""
        across = QHBoxLayout(self)
        across.setContentsMargins(GAP_16, GAP_12, GAP_16, GAP_12)
        across.setSpacing(GAP_16)
        words = QVBoxLayout()
        words.setSpacing(0)
        self.name = Label(role.name, "strong")
        words.addWidget(self.name)
        words.addWidget(Label(role_words(role), "small", "muted", wrap=True))
        words.addStretch(1)
        self.picker = ModelPicker(theme, catalogue)
        self.picker.setObjectName(f"picker-{role}")
        self.picker.setAccessibleName(self.tr("Model for {0}").format(role.name))
        self.picker.chosen.connect(lambda model: self.cast.emit(self.role, model))
        self.picker.wrong.connect(self._show_wrong)
        self.name.setBuddy(self.picker)
        self.price = Label("", "body", "muted")
        self.price.setObjectName(f"price-{role}")
        self.price.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.price.setMinimumWidth(width_of(theme.font("body"), "$88.88 / $88.88"))
        self.test = QuietButton(theme, self.tr("Test"), f"test-{role}")
        self.test.setAccessibleName(self.tr("Test {0}").format(role.name))
        self.test.clicked.connect(lambda: self.tried.emit(self.role))
        self.facts = Label("", "small", "muted", wrap=True)
        self.note = Label("", "small", "bad", wrap=True)
        self.note.setObjectName(f"note-{role}")
        self._chips = QWidget()
        self._flow = Flow(self._chips)
        self.name.setMinimumWidth(width_of(theme.font("strong"), "SUBAGENT") + GAP_16)
        line = QHBoxLayout()
        line.setSpacing(GAP_16)
        line.addWidget(self.picker, 1)
        line.addWidget(self.price)
        line.addWidget(self.test)
        right = QVBoxLayout()
        right.setSpacing(GAP_4)
        right.addLayout(line)
        for widget in (self.note, self.facts, self._chips):
            right.addWidget(widget)
        right.addStretch(1)
        across.addLayout(words, 3)
        across.addLayout(right, 8)

    @property
    def is_optional(self) -> bool:
        """Whether it may be left out."""
        return self.role not in DEFAULT_ROLES

    def show_casting(self, casting: RoleView) -> None:
        """Show who plays, and how."""
        self.picker.offer(casting.offer)
        self.picker.show_value(casting.model)
        self.picker.setEnabled(not casting.variable)
        facts = self._catalogue.facts(casting.config_snapshot) if "/" in casting.config_snapshot else ModelFacts("")
        self.price.setText(self._price(casting, casting.tariff))
        self.facts.setText(self._fact_words(casting, facts))
        self.facts.setVisible(bool(self.facts.text()))
        self._lack = casting.lack
        self._say()
        trial = casting.trial if casting.trial and casting.trial.model == casting.config_snapshot else None
        self.test.setEnabled(bool(casting.config_snapshot) and not (trial and trial.verdict is CheckVerdict.RUNNING))
        self._show_trial(trial)

    def _price(self, casting: RoleView, tariff: ModelFacts | None) -> str:
        if not casting.config_snapshot and not casting.uses_big:
            return ""
        if not casting.model and casting.uses_big:
            return self.tr("Uses BIG")
        if casting.config_snapshot == PASSTHROUGH:
            return self.tr("As at Anthropic")
        if tariff is None or tariff.input_price is None or tariff.output_price is None:
            return self.tr("No price known")
        if tariff.input_price == tariff.output_price == 0.0:
            return self.tr("Free")
        return f"{price(tariff.input_price)} / {price(tariff.output_price)}"

    def _fact_words(self, casting: RoleView, facts: ModelFacts) -> str:
        if casting.variable:
            return self.tr("Set by {0} in the environment").format(casting.variable)
        if not casting.model and casting.uses_big:
            return ""
        name = "" if casting.model else casting.followed
        window = facts_words(ModelFacts(facts.id, window=facts.window))
        return " · ".join(part for part in (name, window, ", ".join(word for _, word in abilities(facts))) if part)

    def _show_wrong(self, sentence: str) -> None:
        self._wrong = sentence
        restyle(self.picker, "wrong", "true" if sentence else "false")
        self._say()

    def _say(self) -> None:
        self.note.set_tone("bad" if self._wrong else "warn")
        self.note.setText(self._wrong or self._lack)
        self.note.setVisible(bool(self.note.text()))

    def _show_trial(self, trial: ProbeView | None) -> None:
        empty(self._flow)
        self._chips.setVisible(trial is not None)
        if trial is None:
            return
        if trial.verdict is CheckVerdict.RUNNING and not trial.steps:
            self._flow.addWidget(Chip(self._theme, self.tr("Testing…"), ChipKind.INFO))
        for step in trial.steps:
            chip = Chip(self._theme, self._step_word(step.name), _KINDS[step.verdict])
            chip.setToolTip(plain_tip(said(step.sentence)))
            chip.setAccessibleDescription(said(step.sentence))
            self._flow.addWidget(chip)
        took = seconds(trial.first_token) if trial.first_token is not None else ""
        cost = money(trial.cost) if trial.cost is not None else ""
        over = trial.at and trial.verdict is not CheckVerdict.RUNNING
        at = self.tr("tested at {0}").format(clock(trial.at)[:5]) if over else ""
        if figures := " · ".join(word for word in (took, cost, at) if word):
            self._flow.addWidget(Label(figures, "small", "muted"))
        if trial.verdict is CheckVerdict.BAD and trial.sentence:
            self.note.set_tone("bad")
            self.note.setText(said(trial.sentence))
            self.note.show()

    def _step_word(self, name: str) -> str:
        words = {
            "answer": self.tr("Answers"),
            "streaming": self.tr("Streaming"),
            "tools": self.tr("Tools"),
            "vision": self.tr("Images"),
        }
        return words.get(name, name)
