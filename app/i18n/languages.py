"""The languages that the app speaks: which one a person gets, and the translators that speak it.

A language is taken when the app starts; another one counts from the next start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

LANGUAGES: Final[Mapping[str, str]] = MappingProxyType({"en": "English", "zh_CN": "简体中文"})
"""By code, each called as its own speakers call it."""

_TRADITIONAL: Final = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


def language_for(chosen: str, wanted: Iterable[str]) -> str:
    """The language to speak: the ``chosen`` code, else the first of ``wanted`` that we have, else English.

    ``wanted`` are the system's, as BCP 47 tags in the order a person prefers them.
    """
    if chosen in LANGUAGES:
        return chosen
    for tag in (tag.lower().replace("_", "-") for tag in wanted):
        if tag.startswith("zh") and not tag.startswith(_TRADITIONAL):
            return "zh_CN"
        if tag.startswith("en"):
            return "en"
    return "en"


def speak(app: QCoreApplication, chosen: str) -> str:
    """Have ``app`` speak the ``chosen`` language (empty: the system's); call it before the first window is made.

    The code of the language that is spoken from now on. Where a translation is missing, English stands.
    """
    language = language_for(chosen, QLocale.system().uiLanguages())
    ours = Path(__file__).resolve().parents[2] / "resources" / "translations"
    qt = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath))
    for file in (qt / f"qtbase_{language}.qm", ours / f"understudy_{language}.qm"):
        translator = QTranslator(app)
        if translator.load(str(file)):
            app.installTranslator(translator)
    return language
