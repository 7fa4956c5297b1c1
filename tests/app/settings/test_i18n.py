"""What the app says in other languages: nothing is missing, and what stands between braces stays."""

from __future__ import annotations

import re
import subprocess
import sysconfig
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QTranslator
from PySide6.QtWidgets import QApplication

from app.i18n.languages import LANGUAGES, language_for, speak
from resources.translations import renew

Text = tuple[str, str, str]
"""Context, English, and what tells two of the same English apart."""


def texts(file: Path) -> dict[Text, ET.Element]:
    found = {}
    for context in ET.parse(file).getroot().iter("context"):
        for message in context.iter("message"):
            key = (context.findtext("name", ""), message.findtext("source", ""), message.findtext("comment", ""))
            found[key] = message
    return found


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> dict[Text, ET.Element]:
    """Every text of the app as it is now."""
    file = tmp_path_factory.mktemp("texts") / "now.ts"
    renew.extract(file, "zh_CN", plurals_only=False)
    return texts(file)


def test_every_text_has_a_chinese_translation(extracted: dict[Text, ET.Element]) -> None:
    file = renew.HERE / "understudy_zh_CN.ts"
    assert len(extracted) > 200
    assert [key for key in extracted if key not in texts(file)] == [], "run resources/translations/renew.py"
    assert list(renew.untranslated(file)) == []


def test_every_plural_has_its_english_forms(extracted: dict[Text, ET.Element]) -> None:
    file = renew.HERE / "understudy_en.ts"
    plurals = [key for key, message in extracted.items() if message.get("numerus") == "yes"]
    assert plurals
    assert [key for key in plurals if key not in texts(file)] == []
    assert list(renew.untranslated(file)) == []


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{[a-z0-9_]*\}|%n", text))


def translations(message: ET.Element) -> Iterator[str]:
    translation = message.find("translation")
    if translation is not None:
        yield from (form.text or "" for form in ([*translation.iter("numerusform")] or [translation]))


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_what_is_filled_in_is_filled_in_everywhere(language: str) -> None:
    for (context, source, _), message in texts(renew.HERE / f"understudy_{language}.ts").items():
        for translated in translations(message):
            wanted, found = placeholders(source), placeholders(translated)
            assert set(found) <= set(wanted), (context, source, translated)
            assert set(wanted) - {"%n"} <= set(found), (context, source, translated)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_what_is_compiled_is_what_is_written(language: str, tmp_path: Path) -> None:
    made = tmp_path / "made.qm"
    lrelease = Path(sysconfig.get_path("scripts"), "pyside6-lrelease")
    subprocess.run([lrelease, "-silent", renew.HERE / f"understudy_{language}.ts", "-qm", made], check=True)
    assert made.read_bytes() == (renew.HERE / f"understudy_{language}.qm").read_bytes()


@pytest.mark.parametrize(
    ("chosen", "wanted", "language"),
    [
        ("", ["zh-Hans-CN", "zh-CN", "en"], "zh_CN"),
        ("", ["zh_CN"], "zh_CN"),
        ("", ["zh-Hant-TW", "zh-CN"], "zh_CN"),
        ("", ["zh-TW"], "en"),
        ("", ["de-DE", "en-GB", "zh-CN"], "en"),
        ("", ["de-DE"], "en"),
        ("", [], "en"),
        ("en", ["zh-CN"], "en"),
        ("zh_CN", ["en"], "zh_CN"),
        ("xx", ["zh-CN"], "zh_CN"),
    ],
)
def test_the_language_is_the_chosen_one_or_the_systems(chosen: str, wanted: list[str], language: str) -> None:
    assert language_for(chosen, wanted) == language


def test_chinese_is_spoken_and_english_counts(qapp: QApplication) -> None:
    before = set(qapp.findChildren(QTranslator))
    try:
        assert speak(qapp, "zh_CN") == "zh_CN"
        assert QCoreApplication.translate("SettingsWindow", "Close") == "关闭"
        assert QCoreApplication.translate("QPlatformTheme", "Cancel") == "取消", "Qt's own dialogs too"
        forget(qapp, before)
        assert speak(qapp, "en") == "en"
        assert QCoreApplication.translate("ProviderRow", "%n model(s)", "", 1) == "1 model"
        assert QCoreApplication.translate("ProviderRow", "%n model(s)", "", 312) == "312 models"
    finally:
        forget(qapp, before)


def forget(application: QApplication, before: set[QTranslator]) -> None:
    for translator in set(application.findChildren(QTranslator)) - before:
        application.removeTranslator(translator)
        translator.setParent(None)
