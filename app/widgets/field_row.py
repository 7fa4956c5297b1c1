"""A setting's row: label, help, editor, and an error."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.widgets.labels import Label
from app.widgets.styled import restyle
from app.widgets.theme_tokens import GAP_4, GAP_12, GAP_16


class FieldRow(QWidget):
    """``label`` and ``help_`` at the left, the ``editor`` at the right, and below it an error or the variable that
    decides it.

    The label is the editor's buddy and its accessible name, unless the editor has one.
    """

    def __init__(
        self, label: str, help_: str, editor: QWidget, *, stretch: int = 1, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.editor = editor
        whole = QHBoxLayout(self)
        whole.setContentsMargins(GAP_16, GAP_12, GAP_16, GAP_12)
        whole.setSpacing(GAP_16)
        words = QVBoxLayout()
        words.setSpacing(GAP_4)
        self.label = Label(label, "strong", wrap=True)
        self.label.setBuddy(editor)
        self.help = Label(help_, "small", "muted", wrap=True)
        if not help_:
            self.help.hide()
            words.addStretch(1)
        words.addWidget(self.label)
        words.addWidget(self.help)
        words.addStretch(1)
        whole.addLayout(words, 2)
        right = QVBoxLayout()
        right.setSpacing(GAP_4)
        if stretch:
            right.addWidget(editor)
        else:
            right.addWidget(editor, 0, Qt.AlignmentFlag.AlignRight)
        self.note = Label("", "small", "muted", wrap=True)
        self.note.setVisible(False)
        right.addWidget(self.note)
        right.addStretch(1)
        whole.addLayout(right, 3)
        if not editor.accessibleName():
            editor.setAccessibleName(label)
        if help_ and not editor.accessibleDescription():
            editor.setAccessibleDescription(help_)
        self._fixed_by = ""

    def show_wrong(self, sentence: str) -> None:
        """Show what is wrong with the editor's content; empty for nothing."""
        restyle(self.editor, "wrong", "true" if sentence else "false")
        self._say(sentence, bad=True)

    def show_fixed(self, variable: str) -> None:
        """Show that the environment variable ``variable`` decides the setting; empty if the user does."""
        self._fixed_by = variable
        self.editor.setEnabled(not variable)
        self._say("", bad=False)

    def _say(self, sentence: str, *, bad: bool) -> None:
        said = sentence or (self.tr("Set by {0} in the environment").format(self._fixed_by) if self._fixed_by else "")
        self.note.set_tone("bad" if bad and sentence else "muted")
        self.note.setText(said)
        self.note.setVisible(bool(said))
