"""A sentence over a window's foot that shows what was just done, for a few seconds."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from app.i18n.said import said
from app.widgets.labels import ElidedLabel
from app.widgets.theme_tokens import GAP_12, GAP_16

SECONDS = 5.0


class Toast(QFrame):
    """Shown over the foot of ``over`` for some seconds."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("toast")
        self.setProperty("role", "toast")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._over, self._shown = over, ""
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP_16, GAP_12 - 2, GAP_16, GAP_12 - 2)
        self.words = ElidedLabel()
        row.addWidget(self.words)
        self._gone = QTimer(self)
        self._gone.setSingleShot(True)
        self._gone.setInterval(round(SECONDS * 1000))
        self._gone.timeout.connect(self.hide)
        over.installEventFilter(self)
        self.hide()

    def show_said(self, sentence: str) -> None:
        """Show the state's latest sentence if it differs from the previous one."""
        if sentence == self._shown:
            return
        self._shown = sentence
        if sentence:
            self.say(sentence)

    def say(self, sentence: str) -> None:
        """Show a sentence now."""
        self.words.setText(said(sentence))
        self.show()
        self._stand()
        self.raise_()
        self._gone.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._over and event.type() is QEvent.Type.Resize and self.isVisible():
            self._stand()
        return super().eventFilter(watched, event)

    def _stand(self) -> None:
        wanted = self.words.fontMetrics().horizontalAdvance(self.words.text()) + 2 * GAP_16 + 6
        width = min(wanted, self._over.width() - 2 * GAP_16)
        height = self.sizeHint().height()
        self.setGeometry((self._over.width() - width) // 2, self._over.height() - height - GAP_16, width, height)
