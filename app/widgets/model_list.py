"""The list of a model picker: its rows, their accessible texts, and their painting."""

from __future__ import annotations

from typing import Final, assert_never

from PySide6.QtCore import (
    QAbstractListModel,
    QCoreApplication,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.assets import IconName
from app.widgets.labels import plain_tip
from app.widgets.model_choices import ModelChoice, ModelMark
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_4, GAP_8, GAP_12, SMALL_CORNER, Tone
from proxy_core.catalogue.values import ModelFacts
from proxy_core.catalogue.words import price, tokens

CHOICE: Final = int(Qt.ItemDataRole.UserRole)
_DISPLAY: Final = int(Qt.ItemDataRole.DisplayRole)
_READ_OUT: Final = int(Qt.ItemDataRole.AccessibleTextRole)
_HINT: Final = int(Qt.ItemDataRole.ToolTipRole)
_ICON: Final = 16
"""Device-independent pixels of an icon's side."""

_TOP: Final = QModelIndex()

translate = QCoreApplication.translate


def facts_words(facts: ModelFacts) -> str:
    """Return a model's window and prices on one line, as far as they are known."""
    known = []
    if facts.window is not None:
        known.append(translate("ModelListView", "{0} window").format(tokens(facts.window)))
    if facts.input_price is not None and facts.output_price is not None:
        known.append(
            translate("ModelListView", "{0} in, {1} out").format(price(facts.input_price), price(facts.output_price))
        )
    return " · ".join(known)


def abilities(facts: ModelFacts) -> tuple[tuple[IconName, str], ...]:
    """Return a model's known abilities: an icon and a word each."""
    able: tuple[tuple[IconName, bool | None, str], ...] = (
        ("tools", facts.tools, translate("ModelListView", "tools")),
        ("image", facts.vision, translate("ModelListView", "images")),
        ("thinking", facts.reasoning, translate("ModelListView", "thinking")),
    )
    return tuple((icon, word) for icon, can, word in able if can)


def title(choice: ModelChoice, none: str) -> str:
    """Return the title of a choice; ``none`` is the label for no model."""
    match choice.mark:
        case ModelMark.NONE:
            return none
        case ModelMark.PASSTHROUGH:
            return translate("ModelListView", "Passthrough to Anthropic")
        case ModelMark.TYPED:
            return translate("ModelListView", "Use “{0}”").format(choice.value)
        case ModelMark.LOCAL | ModelMark.REACHED | ModelMark.KNOWN:
            return choice.value
        case _:
            assert_never(choice.mark)


def subtitle(choice: ModelChoice) -> str:
    """Return the second line: provider, window and price."""
    match choice.mark:
        case ModelMark.NONE:
            return translate("ModelListView", "The role is not set")
        case ModelMark.PASSTHROUGH:
            return translate("ModelListView", "The request goes out unchanged")
        case ModelMark.TYPED | ModelMark.LOCAL | ModelMark.REACHED | ModelMark.KNOWN:
            return " · ".join(words for words in (choice.provider, facts_words(choice.facts)) if words)
        case _:
            assert_never(choice.mark)


def mark_words(mark: ModelMark) -> tuple[IconName, Tone, str] | None:
    """Return the sign at the end of a row: whether the model is available now."""
    match mark:
        case ModelMark.LOCAL:
            return "server", "info", translate("ModelListView", "Local")
        case ModelMark.REACHED:
            return "check", "good", translate("ModelListView", "Reached")
        case ModelMark.NONE | ModelMark.PASSTHROUGH | ModelMark.KNOWN | ModelMark.TYPED:
            return None
        case _:
            assert_never(mark)


class ModelListView(QAbstractListModel):
    """A Qt model of the choices."""

    def __init__(self) -> None:
        super().__init__()
        self._choices: tuple[ModelChoice, ...] = ()
        self.none = ""

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _TOP) -> int:
        """Return the number of choices."""
        return 0 if parent.isValid() else len(self._choices)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = _DISPLAY) -> object:
        """Return a choice itself, its title, or its accessible text."""
        if not index.isValid():
            return None
        choice = self._choices[index.row()]
        if role == CHOICE:
            return choice
        if role == _DISPLAY:
            return title(choice, self.none)
        if role in (_READ_OUT, _HINT):
            sign = mark_words(choice.mark)
            words = [title(choice, self.none), subtitle(choice), *(word for _, word in abilities(choice.facts))]
            said = ", ".join(word for word in (*words, sign[2] if sign else "") if word)
            return plain_tip(said) if role == _HINT else said
        return None

    def show_choices(self, choices: tuple[ModelChoice, ...]) -> None:
        """Replace the choices."""
        self.beginResetModel()
        self._choices = choices
        self.endResetModel()


class ModelRow(QStyledItemDelegate):
    """Paints a choice on two lines: title and sign, facts and abilities."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: ARG002
        """Return the height that all rows have."""
        body, small = QFontMetrics(self._theme.font("body")), QFontMetrics(self._theme.font("small"))
        return QSize(0, body.height() + small.height() + 2 * GAP_8)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint one choice."""
        choice = index.data(CHOICE)
        if not isinstance(choice, ModelChoice):
            return
        tokens_ = self._theme.tokens
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens_.accent_tint if chosen else tokens_.hover))
            painter.drawRoundedRect(area.adjusted(GAP_4, 1, -GAP_4, -1), SMALL_CORNER, SMALL_CORNER)
        inner = area.adjusted(GAP_12, GAP_8, -GAP_12, -GAP_8)
        body, small = QFontMetrics(self._theme.font("body")), QFontMetrics(self._theme.font("small"))
        upper = QRect(inner.left(), inner.top(), inner.width(), body.height())
        lower = QRect(inner.left(), upper.bottom() + 1, inner.width(), small.height())
        upper.setRight(self._draw_sign(painter, upper, choice.mark) - GAP_8)
        lower.setRight(self._draw_abilities(painter, lower, choice.facts) - GAP_8)
        painter.setFont(self._theme.font("body"))
        painter.setPen(QColor(tokens_.accent_on_tint if chosen else tokens_.text))
        self._draw_text(painter, upper, str(index.data(_DISPLAY)), Qt.TextElideMode.ElideMiddle)
        painter.setFont(self._theme.font("small"))
        painter.setPen(QColor(tokens_.muted))
        self._draw_text(painter, lower, subtitle(choice), Qt.TextElideMode.ElideRight)
        painter.restore()

    def _draw_sign(self, painter: QPainter, line: QRect, mark: ModelMark) -> int:
        """Draw the sign at the end of the line; return its left edge."""
        sign = mark_words(mark)
        if sign is None:
            return line.right() + GAP_8
        icon, tone, word = sign
        painter.setFont(self._theme.font("small"))
        painter.setPen(self._theme.colour(tone))
        left = line.right() - painter.fontMetrics().horizontalAdvance(word)
        painter.drawText(QRect(left, line.top(), line.right() - left + 1, line.height()), _MIDDLE, word)
        left -= _ICON + GAP_4
        self._draw_icon(painter, left, line, icon, tone)
        return left

    def _draw_abilities(self, painter: QPainter, line: QRect, facts: ModelFacts) -> int:
        left = line.right() + GAP_8
        for icon, _ in reversed(abilities(facts)):
            left -= _ICON + GAP_8
            self._draw_icon(painter, left, line, icon, "faint")
        return left

    def _draw_icon(self, painter: QPainter, left: int, line: QRect, icon: IconName, tone: Tone) -> None:
        top = line.top() + (line.height() - _ICON) // 2
        self._theme.icon(icon, tone).paint(painter, QRect(left, top, _ICON, _ICON))

    def _draw_text(self, painter: QPainter, line: QRect, text: str, elide: Qt.TextElideMode) -> None:
        painter.drawText(line, _MIDDLE, painter.fontMetrics().elidedText(text, elide, line.width()))


_MIDDLE: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
