"""The licence texts of everything that is bundled, as one text to show and to ship."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent

TEXT_FILE: Final = re.compile(r"(?i)^(licen[cs]e|copying|copyright|notice|authors)")

SUPPLIED: Final = {
    "pyside6-essentials": ("LGPL-3.0.txt", "GPL-3.0.txt"),
    "shiboken6": ("LGPL-3.0.txt", "GPL-3.0.txt"),
    "tokenizers": ("Apache-2.0.txt",),
}
"""Texts for packages that only name their licence, by normalised name, from ``texts/`` beside this file."""

OPENING: Final = """\
Understudy is distributed under the MIT licence, and together with the software below, each part under its own licence.

Qt and Qt for Python (PySide6, Shiboken6) are used under the GNU Lesser General Public License, version 3. They are the
unchanged libraries of the packages named below, installed as separate files that you may replace with your own build of
the same version. Their source code: https://download.qt.io/official_releases/
"""


class TextMissingError(Exception):
    """A bundled package has no licence text, and none is supplied for it."""


def collect(packages: Path) -> str:
    """Return the texts of every package in the folder ``packages``, by name. Raises TextMissingError."""
    chapters = [_chapter(info) for info in sorted(packages.glob("*.dist-info"), key=lambda info: info.name.lower())]
    return "\n".join([OPENING, *chapters])


def _chapter(info: Path) -> str:
    about = HeaderParser().parsestr((info / "METADATA").read_text("utf-8"))
    name = about["Name"]
    stated = _stated(about)
    texts = [file.read_text("utf-8", errors="replace").strip() for file in _text_files(info)]
    texts += [(HERE / "texts" / file).read_text("utf-8").strip() for file in SUPPLIED.get(_normalised(name), ())]
    if not texts:
        raise TextMissingError(
            f"{name} ({stated or 'no licence named'}) has no licence text: add one to {HERE / 'texts'}."
        )
    heading = f"{name} {about['Version']}" + (f" ({stated})" if stated else "")
    return "\n\n".join(["=" * 100 + "\n" + heading, *texts]) + "\n"


def _text_files(info: Path) -> Iterator[Path]:
    """Yield licence texts where PEP 639 puts them (``licenses/``), and where older wheels do, beside METADATA."""
    folder = info / "licenses"
    yield from sorted(file for file in folder.rglob("*") if file.is_file())
    yield from sorted(file for file in info.iterdir() if file.is_file() and TEXT_FILE.match(file.name))


def _normalised(name: str) -> str:
    """Return a name as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _stated(about: Message) -> str:
    """Return the licence in a few words, from whichever of the three metadata fields is set."""
    if about["License-Expression"]:
        return str(about["License-Expression"])
    if about["License"] and "\n" not in about["License"].strip():
        return str(about["License"]).strip()
    classifiers = about.get_all("Classifier") or []
    return ", ".join(line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License :: "))
