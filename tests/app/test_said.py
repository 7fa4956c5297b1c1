# ruff: noqa: RUF001 - Chinese has marks of its own
"""Sentences made outside Qt: told in the user's language, whole, and nothing of what stands in their places."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QTranslator
from PySide6.QtWidgets import QApplication

from app.i18n.languages import speak
from app.i18n.said import said, said_in_part

REFUSED = "The keyring is locked. Unlock it, and try again."


@pytest.mark.parametrize(
    ("english", "told"),
    [
        ("The answer is empty.", "回答是空的。"),
        (
            "The local token is kept in memory and changes with the next start. The keyring is locked.",
            "本地令牌存放在内存中，下次启动时会改变。密钥环已锁定。",
        ),
        (
            (
                "There is no key for OpenAI. Open Understudy → Settings → Models and keys, run "
                "`understudy keys set openai` or set OPENAI_API_KEY, and try again."
            ),
            (
                "没有 OpenAI 的密钥。请打开 Understudy → 设置 → 模型与密钥，或运行 `understudy keys set openai`，"
                "或设置 OPENAI_API_KEY，然后重试。"
            ),
        ),
        (
            "Ollama cannot be reached: 127.0.0.1:11434 refused the connection. Is Ollama running?",
            "无法连接 Ollama：127.0.0.1:11434 拒绝了连接。Ollama 在运行吗？",
        ),
        (
            "The proxy failed: Port 80 on ::1 cannot be used: Permission denied.",
            "代理出错：无法使用 ::1 上的端口 80：Permission denied。",
        ),
        (
            "proxy.port = 99999 is not a port from 0 to 65535; 8082 is used.",
            "proxy.port = 99999 不是0 到 65535 的端口；采用 8082。",
        ),
        ("The answer is empty.\nIt answers.", "回答是空的。\n能回答。"),
    ],
)
def test_sentences_are_told_in_chinese(chinese: None, english: str, told: str) -> None:
    assert said(english) == told


def test_english_stays_as_it_was_said(qapp: QApplication) -> None:
    for text in (REFUSED, "The answer is empty.  Two blanks.", "", "opus plays BIG"):
        assert said(text) == text
        assert said_in_part(text) == text


def test_what_is_not_ours_stays_whole(chinese: None) -> None:
    for text in ("Something else went wrong. The answer is empty.", "", " ", "{0}", "…" * 10_000, "%1 {9} {x"):
        assert said(text) == text
        assert said_in_part(text) == text


def test_a_value_that_looks_like_a_template_changes_nothing(chinese: None) -> None:
    assert said("There is a profile called '{0} failed: {1}' already.") == "已有名为 '{0} failed: {1}' 的配置档。"
    assert said("A profile called 'thinking on' is odd.") == "A profile called 'thinking on' is odd."


def test_another_language_counts_at_once(qapp: QApplication) -> None:
    text = "The answer is empty."
    assert said(text) == text
    before = set(qapp.findChildren(QTranslator))
    speak(qapp, "zh_CN")
    try:
        assert said(text) == QCoreApplication.translate("Said", text) == "回答是空的。"
    finally:
        for translator in set(qapp.findChildren(QTranslator)) - before:
            qapp.removeTranslator(translator)
            translator.setParent(None)
    assert said(text) == text
