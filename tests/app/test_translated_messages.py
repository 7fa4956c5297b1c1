# ruff: noqa: RUF001 - Chinese has marks of its own
"""Messages of the core are shown in the user's language: by their code, with what is not ours left as it is."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QTranslator
from PySide6.QtWidgets import QApplication

from app.i18n.languages import speak
from app.i18n.translate_message import translated
from proxy_core.messages import Message, decode, encode, sentences

BIG = Message("route.role", asked="claude-opus-4-1", role="BIG")
FAILED = Message("provider.failed", name="OpenAI", status="500")
USED_UP = Message("budget.day_used_up", limit="5.00")


@pytest.mark.parametrize(
    ("message", "chinese_text"),
    [
        (BIG, "claude-opus-4-1 → BIG"),
        (Message("route.follows_big", reason=BIG), "claude-opus-4-1 → BIG（未设置，与 BIG 相同）"),
        (
            Message("budget.small_answers", why=BIG, reason=USED_UP),
            "claude-opus-4-1 → BIG；$5.00 的每日预算已用完，因此由 SMALL 回答",
        ),
        (
            Message(
                "budget.day_near",
                limit="5.00",
                share="80%",
                spent="4.00",
                priced=Message("budget.priced_part", priced=3, requests=4),
            ),
            "$5.00 的每日预算已用 80%：已花费 $4.00（4 个请求中有 3 个已计价）。",
        ),
        (
            sentences(Message("budget.month_spent", limit="5.00", spent="5.10", priced=""), "Plain."),
            "$5.00 的每月预算已用完：已花费 $5.10。Plain.",
        ),
    ],
)
def test_a_message_with_its_clauses(chinese: None, message: Message, chinese_text: str) -> None:
    assert translated(message) == chinese_text
    assert translated(decode(encode(message))) == chinese_text, "as the log has it"


def test_the_words_of_a_provider_are_left_alone(chinese: None) -> None:
    words = "The answer is empty. {0} {name} <b>OpenAI failed (500).</b>"
    shown = translated(sentences(FAILED, Message("provider.words", words=words)))
    assert shown == f"OpenAI 出错（500）。请稍后重试。对方的话：{words}"


def test_a_text_without_a_code_is_shown_as_it_is(chinese: None) -> None:
    for text in ("claude-opus-4-1 → BIG", "", " ", "{0}", "{name} %1", "…" * 10_000):
        assert translated(text) == text


def test_english_is_the_message_itself(qapp: QApplication) -> None:
    assert translated(FAILED) == FAILED


def test_another_language_counts_at_once(qapp: QApplication) -> None:
    before = set(qapp.findChildren(QTranslator))
    speak(qapp, "zh_CN")
    try:
        assert translated(FAILED) == "OpenAI 出错（500）。请稍后重试。"
    finally:
        for translator in set(qapp.findChildren(QTranslator)) - before:
            qapp.removeTranslator(translator)
            translator.setParent(None)
    assert translated(FAILED) == FAILED
