"""One profile in the list: its name, who plays in it, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.widgets.buttons import IconButton, QuietButton
from app.widgets.chip import Chip, ChipKind
from app.widgets.labels import ElidedLabel, Label
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_4, GAP_8, GAP_12, GAP_16
from app.windows.settings.fields import LineEdit
from proxy_core.config.settings import Profile, Role


class ProfileRow(QWidget):
    """Every signal begins with the profile's name; ``renamed`` says the new one too, ``unwanted`` that it is to go."""

    switched = Signal(str)
    duplicated = Signal(str)
    renamed = Signal(str, str)
    unwanted = Signal(str)

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.name = name
        self._names: frozenset[str] = frozenset()
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP_16, GAP_12, GAP_16, GAP_12)
        row.setSpacing(GAP_8)
        row.addLayout(self._words(), 1)
        self.chip = Chip(theme, self.tr("Active"), ChipKind.GOOD)
        self.use = QuietButton(theme, self.tr("Use"), f"use-{name}")
        self.use.setAccessibleName(self.tr("Use {0}").format(name))
        self.use.clicked.connect(lambda: self.switched.emit(self.name))
        self.rename = IconButton(theme, "edit", self.tr("Rename {0}").format(name), f"rename-{name}")
        self.rename.clicked.connect(self.begin_renaming)
        self.copy = IconButton(theme, "copy", self.tr("Duplicate {0}").format(name), f"duplicate-{name}")
        self.copy.clicked.connect(lambda: self.duplicated.emit(self.name))
        self.delete = QuietButton(theme, self.tr("Delete…"), f"delete-{name}", flat=True)
        self.delete.setAccessibleName(self.tr("Delete {0}").format(name))
        self.delete.clicked.connect(lambda: self.unwanted.emit(self.name))
        for widget in (self.chip, self.use, self.rename, self.copy, self.delete):
            row.addWidget(widget)

    def show_profile(self, profile: Profile, *, active: bool, alone: bool, names: frozenset[str]) -> None:
        """Show who plays; ``names`` are taken; the only profile cannot be deleted."""
        self._names = names
        playing = [f"{role.name} {profile.roles[role]}" for role in Role if role in profile.roles]
        self.roles.setText(" · ".join(playing) or self.tr("The default models"))
        self.chip.setVisible(active)
        self.use.setVisible(not active)
        self.delete.setEnabled(not alone)
        self.delete.setToolTip(self.tr("The last profile stays.") if alone else "")

    def begin_renaming(self) -> None:
        """Put a field where the name is."""
        self.title.hide()
        self.line.setModified(False)
        self.line.show_text(self.name)
        self.line.show()
        self.line.selectAll()
        self.line.setFocus(Qt.FocusReason.OtherFocusReason)

    def _words(self) -> QVBoxLayout:
        words = QVBoxLayout()
        words.setSpacing(GAP_4)
        self.title = ElidedLabel(self.name, "strong")
        self.line = LineEdit()
        self.line.setObjectName(f"name-{self.name}")
        self.line.setAccessibleName(self.tr("Name of the profile"))
        self.line.hide()
        self.line.textEdited.connect(self._check)
        self.line.editingFinished.connect(self._finish)
        self.roles = ElidedLabel("", "small", "muted")
        self.note = Label("", "small", "bad", wrap=True)
        self.note.hide()
        for widget in (self.title, self.line, self.note, self.roles):
            words.addWidget(widget)
        return words

    def _check(self, text: str) -> str:
        name, wrong = text.strip(), ""
        if not name:
            wrong = self.tr("A profile needs a name.")
        elif name != self.name and name in self._names:
            wrong = self.tr("There is a profile of this name.")
        self.note.setText(wrong)
        self.note.setVisible(bool(wrong))
        return wrong

    def _finish(self) -> None:
        if self.line.isHidden():
            return
        name = self.line.text().strip()
        if self._check(name) and self.line.hasFocus():
            return
        right = not self._check(name)
        self.note.hide()
        self.line.hide()
        self.title.show()
        if right and name != self.name:
            self.title.setText(name)
            self.renamed.emit(self.name, name)
