"""Finds words that have less room than they need: the judge of every window at every size, language and theme."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QApplication,
    QCheckBox,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QStyle,
    QStyleOptionComboBox,
    QStyleOptionFrame,
    QTableView,
    QToolButton,
    QWidget,
)

SLACK = 1
"""Pixels that rounding may take."""


@dataclass(frozen=True, slots=True)
class Clipped:
    """A widget whose text does not fit: which, what it says, how much it needs and has."""

    widget: str
    text: str
    needed: tuple[int, int]
    given: tuple[int, int]


def settle(window: QWidget) -> None:
    """Show a window and let every layout come to rest."""
    window.show()
    for _ in range(6):
        QApplication.sendPostedEvents()
        QApplication.processEvents()


def clipped(window: QWidget) -> list[Clipped]:
    """Every visible widget of a window whose words are cut. One that cuts with an ellipsis on purpose (it is no plain
    label and tells the whole in its tool tip) is not; one that a scrolled sheet can bring into view is not either.
    """
    return [found for widget in _visible(window) for found in _judge(widget)]


def _visible(window: QWidget) -> Iterator[QWidget]:
    for widget in (window, *window.findChildren(QWidget)):
        if widget.isVisible() and widget.isVisibleTo(window):
            yield widget


def _judge(widget: QWidget) -> Iterator[Clipped]:
    if isinstance(widget, QLabel):
        yield from _label(widget)
    elif isinstance(widget, QHeaderView):
        yield from _header(widget)
    elif isinstance(widget, QLineEdit):
        yield from _field(widget)
    elif isinstance(widget, QComboBox):
        yield from _combo(widget)
    elif isinstance(widget, QPushButton | QCheckBox) and widget.text():
        yield from _button(widget)
    yield from _squeezed(widget)
    yield from _within(widget)


def _label(label: QLabel) -> Iterator[Clipped]:
    text = label.text()
    if not text or type(label).paintEvent is not QLabel.paintEvent:
        return  # it paints its own words and cuts them with an ellipsis
    room = label.contentsRect()
    if label.wordWrap():
        flags = int(Qt.TextFlag.TextWordWrap | label.alignment())
        needed = label.fontMetrics().boundingRect(QRect(0, 0, room.width(), 100_000), flags, text)
    else:
        needed = label.fontMetrics().boundingRect(QRect(0, 0, 100_000, 100_000), 0, text)
    if needed.width() > room.width() + SLACK or needed.height() > room.height() + SLACK:
        yield _told(label, text, needed.width(), needed.height(), room)


def _button(button: QPushButton | QCheckBox) -> Iterator[Clipped]:
    shown = button.text().replace("&&", "&")
    metrics = button.fontMetrics()
    icon = 0 if button.icon().isNull() else button.iconSize().width() + 4
    needed = metrics.horizontalAdvance(shown) + icon
    room = button.contentsRect()
    if needed > room.width() + SLACK or metrics.height() > room.height() + SLACK:
        yield _told(button, shown, needed, metrics.height(), room)


def _field(field: QLineEdit) -> Iterator[Clipped]:
    """What a person typed may be longer than the field; what we put there as a hint may not."""
    option = QStyleOptionFrame()
    field.initStyleOption(option)
    room = field.style().subElementRect(QStyle.SubElement.SE_LineEditContents, option, field)
    metrics = field.fontMetrics()
    buttons = sum(button.width() for button in field.findChildren(QToolButton) if button.isVisible())
    needed = 0 if field.text() else metrics.horizontalAdvance(field.placeholderText())
    if needed > room.width() - buttons + SLACK or metrics.height() > room.height() + SLACK:
        yield _told(field, field.text() or field.placeholderText(), needed, metrics.height(), room)


def _combo(combo: QComboBox) -> Iterator[Clipped]:
    option = QStyleOptionComboBox()
    option.initFrom(combo)
    room = combo.style().subControlRect(
        QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, combo
    )
    needed = combo.fontMetrics().horizontalAdvance(combo.currentText())
    if needed > room.width() + SLACK:
        yield _told(combo, combo.currentText(), needed, combo.fontMetrics().height(), room)


def _header(header: QHeaderView) -> Iterator[Clipped]:
    table = header.parentWidget()
    model = header.model()
    if not isinstance(table, QTableView) or header.orientation() is not Qt.Orientation.Horizontal:
        return
    for section in range(header.count()):
        if header.isSectionHidden(section):
            continue
        text = str(model.headerData(section, Qt.Orientation.Horizontal))
        needed, given = header.fontMetrics().horizontalAdvance(text), header.sectionSize(section)
        if needed > given:
            yield Clipped(f"{table.objectName()} column {section}", text, (needed, 0), (given, 0))


def _squeezed(widget: QWidget) -> Iterator[Clipped]:
    """A widget that is smaller than the least it asks for, as one that paints its own words may be."""
    least, given = widget.minimumSizeHint(), widget.size()
    if widget.isWindow() or isinstance(widget, QAbstractScrollArea) or isinstance(widget.parent(), QLineEdit):
        return
    if least.width() > given.width() + SLACK or least.height() > given.height() + SLACK:
        told = widget.accessibleName()
        yield Clipped(_name(widget), told, (least.width(), least.height()), (given.width(), given.height()))


def _within(widget: QWidget) -> Iterator[Clipped]:
    """A widget that reaches out of what holds it is cut there, unless that can be scrolled."""
    parent = widget.parentWidget()
    if parent is None or widget.isWindow() or isinstance(parent, QAbstractScrollArea):
        return
    holder = parent.parentWidget()
    if isinstance(holder, QAbstractScrollArea):
        return
    place = QRect(widget.mapTo(parent, QPoint(0, 0)), widget.size())
    if not parent.rect().adjusted(-SLACK, -SLACK, SLACK, SLACK).contains(place) and not place.isEmpty():
        yield Clipped(_name(widget), "", (place.right(), place.bottom()), (parent.width(), parent.height()))


def _told(widget: QWidget, text: str, width: int, height: int, room: QRect) -> Clipped:
    return Clipped(_name(widget), text, (width, height), (room.width(), room.height()))


def _name(widget: QWidget) -> str:
    names: list[str] = []
    at: QWidget | None = widget
    while at is not None and len(names) < 4:
        names.append(at.objectName() or type(at).__name__)
        at = at.parentWidget()
    return " < ".join(names)
