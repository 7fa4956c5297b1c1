"""The style sheet and the palette, built from the tokens and the user's font size."""

from __future__ import annotations

from typing import Final

from PySide6.QtGui import QColor, QPalette

from app.assets import FOLDER
from app.widgets.theme_tokens import Tokens

SIZES: Final = {"title": 1.5, "figure": 1.7, "heading": 1.1, "body": 1.0, "small": 0.9}
"""Font sizes, as multiples of the user's."""


def palette(tokens: Tokens) -> QPalette:
    """Return the palette for what the style draws itself and the sheet does not cover."""
    colours = {
        QPalette.ColorRole.Window: tokens.window,
        QPalette.ColorRole.WindowText: tokens.text,
        QPalette.ColorRole.Base: tokens.surface,
        QPalette.ColorRole.AlternateBase: tokens.hover,
        QPalette.ColorRole.Text: tokens.text,
        QPalette.ColorRole.Button: tokens.raised,
        QPalette.ColorRole.ButtonText: tokens.text,
        QPalette.ColorRole.BrightText: tokens.bad,
        QPalette.ColorRole.Light: tokens.line,
        QPalette.ColorRole.Midlight: tokens.line,
        QPalette.ColorRole.Mid: tokens.line_strong,
        QPalette.ColorRole.Dark: tokens.line_strong,
        QPalette.ColorRole.Shadow: tokens.line_strong,
        QPalette.ColorRole.Highlight: tokens.accent,
        QPalette.ColorRole.HighlightedText: tokens.on_accent,
        QPalette.ColorRole.Accent: tokens.accent,
        QPalette.ColorRole.Link: tokens.accent_on_tint,
        QPalette.ColorRole.LinkVisited: tokens.accent_on_tint,
        QPalette.ColorRole.PlaceholderText: tokens.faint,
        QPalette.ColorRole.ToolTipBase: tokens.raised,
        QPalette.ColorRole.ToolTipText: tokens.text,
    }
    made = QPalette()
    for role, colour in colours.items():
        made.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.faint))
    return made


def sheet(tokens: Tokens, points: float, *, dark: bool) -> str:
    """Return the style sheet; ``points`` is the size of the user's font."""
    size = {kind: f"{points * part:.2f}pt" for kind, part in SIZES.items()}
    arrow = (FOLDER / f"choice-{'dark' if dark else 'light'}.svg").as_posix()
    t = tokens
    return f"""
QMainWindow, QDialog, QWidget[role="window"] {{ background: {t.window}; }}
QWidget[role="side"] {{ background: {t.side}; border-right: 1px solid {t.line}; }}
QFrame[role="card"] {{ background: {t.surface}; border: 1px solid {t.line}; border-radius: 8px; }}
QFrame[role="notice"] {{ background: {t.warn_tint}; border: none; border-radius: 6px; }}
QFrame[role="notice"][tone="bad"] {{ background: {t.bad_tint}; }}
QFrame[role="notice"][tone="info"] {{ background: {t.info_tint}; }}
QFrame[role="line"] {{ background: {t.line}; border: none; max-height: 1px; min-height: 1px; }}
QFrame[role="toast"] {{ background: {t.raised}; border: 1px solid {t.line_strong}; border-radius: 8px; }}

QLabel {{ background: transparent; color: {t.text}; }}
QLabel[type="title"] {{ font-size: {size["title"]}; font-weight: 600; }}
QLabel[type="figure"] {{ font-size: {size["figure"]}; font-weight: 600; }}
QLabel[type="heading"] {{ font-size: {size["heading"]}; font-weight: 600; }}
QLabel[type="strong"] {{ font-weight: 600; }}
QLabel[type="small"] {{ font-size: {size["small"]}; }}
QLabel[tone="muted"] {{ color: {t.muted}; }}
QLabel[tone="faint"] {{ color: {t.faint}; }}
QLabel[tone="accent"] {{ color: {t.accent_on_tint}; }}
QLabel[tone="good"] {{ color: {t.good}; }}
QLabel[tone="warn"] {{ color: {t.warn}; }}
QLabel[tone="bad"] {{ color: {t.bad}; }}
QLabel[tone="info"] {{ color: {t.info}; }}
QLabel:disabled {{ color: {t.faint}; }}

QPushButton {{ border: 1px solid {t.edge}; border-radius: 6px; padding: 7px 15px; background: {t.surface};
    color: {t.text}; font-weight: 500; }}
QPushButton:hover, QPushButton:pressed {{ background: {t.hover}; }}
QPushButton:disabled {{ color: {t.faint}; border-color: {t.line}; }}
QPushButton:focus {{ border: 2px solid {t.accent}; padding: 6px 14px; }}
QPushButton[kind="primary"] {{ border-color: {t.accent}; background: {t.accent}; color: {t.on_accent};
    font-weight: 600; }}
QPushButton[kind="primary"]:hover, QPushButton[kind="primary"]:pressed {{ background: {t.accent_hover};
    border-color: {t.accent_hover}; }}
QPushButton[kind="primary"]:disabled {{ background: {t.line}; border-color: {t.line}; color: {t.faint}; }}
QPushButton[kind="primary"]:focus {{ border: 2px solid {t.text}; padding: 6px 14px; }}
QPushButton[kind="flat"] {{ border: 1px solid transparent; background: transparent; padding: 7px 11px; }}
QPushButton[kind="flat"]:hover {{ background: {t.hover}; }}
QPushButton[kind="flat"]:focus {{ border: 2px solid {t.accent}; padding: 6px 10px; }}
QPushButton[kind="link"] {{ text-align: left; border: none; background: transparent; padding: 0px; border-radius: 3px;
    font-weight: 400; color: {t.accent_on_tint}; }}
QPushButton[kind="link"]:hover {{ text-decoration: underline; background: transparent; }}
QPushButton[kind="link"]:focus {{ background: {t.accent}; color: {t.on_accent}; }}
QPushButton[kind="profile"] {{ text-align: left; border: 1px solid transparent; background: transparent;
    padding: 4px 0px; font-weight: 400; color: {t.muted}; }}
QPushButton[kind="profile"]:hover {{ background: {t.hover}; }}
QPushButton[kind="profile"]:focus {{ border: 2px solid {t.accent}; padding: 3px 0px; margin: 0px -1px; }}
QPushButton[kind="danger"] {{ color: {t.bad}; }}
QPushButton[kind="folder"] {{ text-align: left; padding: 7px 11px; }}
QPushButton[kind="folder"]:focus {{ padding: 6px 10px; }}
QPushButton::menu-indicator {{ width: 0px; image: none; }}
QToolButton {{ border: 1px solid transparent; border-radius: 6px; padding: 5px; background: transparent; }}
QToolButton:hover, QToolButton:checked {{ background: {t.hover}; }}
QToolButton[on="true"] {{ background: {t.accent_tint}; }}
QToolButton:focus {{ border: 2px solid {t.accent}; padding: 4px; }}
QToolButton::menu-indicator {{ width: 0px; image: none; }}

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox {{ border: 1px solid {t.line_strong};
    border-radius: 6px; background: {t.surface}; color: {t.text}; selection-background-color: {t.accent};
    selection-color: {t.on_accent}; }}
QLineEdit {{ padding: 7px 11px; }}
QSpinBox, QDoubleSpinBox {{ padding: 6px 4px 6px 8px; }}
QComboBox {{ padding: 7px 28px 7px 11px; }}
QLineEdit:focus {{ border: 2px solid {t.accent}; padding: 6px 10px; }}
QSpinBox:focus, QDoubleSpinBox:focus {{ border: 2px solid {t.accent}; padding: 5px 3px 5px 7px; }}
QComboBox:focus {{ border: 2px solid {t.accent}; padding: 6px 27px 6px 10px; }}
QPlainTextEdit:focus, QTextEdit:focus {{ border: 2px solid {t.accent}; }}
QLineEdit[wrong="true"], QSpinBox[wrong="true"], QDoubleSpinBox[wrong="true"], QComboBox[wrong="true"] {{
    border-color: {t.bad}; }}
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled, QLineEdit:read-only {{
    color: {t.muted}; background: {t.hover}; border-color: {t.line}; }}
QLineEdit > QToolButton {{ padding: 0px; }}
QLineEdit[role="search"] {{ padding: 7px 6px; }}
QLineEdit[role="search"]:focus {{ padding: 6px 5px; }}
QPlainTextEdit[role="body"], QTextEdit[role="body"] {{ background: {t.window}; border-color: {t.line}; padding: 6px; }}
QComboBox::drop-down {{ border: none; width: 26px; subcontrol-position: center right; }}
QComboBox::down-arrow {{ image: url("{arrow}"); width: 16px; height: 16px; }}
QComboBox QAbstractItemView {{ background: {t.raised}; border: 1px solid {t.line_strong}; padding: 4px;
    selection-background-color: {t.accent_tint}; selection-color: {t.accent_on_tint}; outline: 0; }}
QComboBox QAbstractItemView::item {{ min-height: 28px; padding: 0px 8px; }}
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {{ width: 0px;
    border: none; }}
QCheckBox, QRadioButton {{ spacing: 8px; background: transparent; padding: 3px; border: 2px solid transparent;
    border-radius: 6px; }}
QCheckBox:focus, QRadioButton:focus {{ border-color: {t.accent}; }}

QMenu {{ background: {t.raised}; border: 1px solid {t.edge}; padding: 4px; color: {t.text}; }}
QMenu::item {{ padding: 7px 24px 7px 12px; border-radius: 4px; }}
QMenu::item:selected {{ background: {t.accent_tint}; color: {t.accent_on_tint}; }}
QMenu::item:disabled {{ color: {t.faint}; }}
QMenu::separator {{ height: 1px; background: {t.line}; margin: 4px 8px; }}
QMenu::icon {{ padding-left: 8px; }}
QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.line_strong}; padding: 4px 8px; }}

QAbstractItemView {{ outline: 0; }}
QTableView, QListView, QTreeView {{ background: transparent; border: none; color: {t.text};
    selection-background-color: {t.accent_tint}; selection-color: {t.text}; gridline-color: {t.line}; }}
QHeaderView {{ background: transparent; border: none; }}
QHeaderView::section {{ background: transparent; border: none; border-bottom: 1px solid {t.line}; color: {t.muted};
    padding: 0px 8px; }}
QHeaderView::section:first {{ padding-left: 16px; }}
QHeaderView::section:last {{ padding-right: 16px; }}
QTableCornerButton::section {{ background: transparent; border: none; }}
QScrollArea {{ background: transparent; border: none; }}
QScrollArea > QWidget > QWidget[role="sheet"] {{ background: transparent; }}
QScrollBar {{ background: transparent; border: none; margin: 0px; }}
QScrollBar:vertical {{ width: 12px; }}
QScrollBar:horizontal {{ height: 12px; }}
QScrollBar::handle {{ background: {t.edge}; border-radius: 3px; margin: 3px; }}
QScrollBar::handle:vertical {{ min-height: 32px; }}
QScrollBar::handle:horizontal {{ min-width: 32px; }}
QScrollBar::handle:hover {{ background: {t.muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0px; height: 0px; border: none; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QSplitter::handle {{ background: transparent; }}
"""
