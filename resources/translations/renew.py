"""Update the translations to the app's texts: extract, list what is missing, compile.

Run it in the project's environment after changing a text, translate what it lists in the ``.ts`` files, run it again::

    .venv/bin/python resources/translations/renew.py

It ends with 1 while a translation is missing. English has a file for its plurals only.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from proxy_core.messages import ENGLISH, SENTENCES

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "resources" / "translations"
PLURALS_ONLY = {"en": True, "zh_CN": False}


def main() -> int:
    """Extract, compile, and list missing translations; return 1 if there are any."""
    missing = []
    for language, plurals_only in PLURALS_ONLY.items():
        file = HERE / f"understudy_{language}.ts"
        extract(file, language, plurals_only=plurals_only)
        missing += [f"{file.name}: {context}: {text}" for context, text in untranslated(file)]
        _run("pyside6-lrelease", "-silent", str(file), "-qm", str(file.with_suffix(".qm")))
    for line in missing:
        print(line)
    print(f"{len(missing)} texts are not translated." if missing else "Every text is translated.")
    return 1 if missing else 0


def extract(file: Path, language: str, *, plurals_only: bool) -> None:
    """Write every text of the app into ``file``, keeping its translations; texts that no longer exist are removed."""
    sources = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "app").rglob("*.py"))
    options = ["-silent", "-no-obsolete", "-locations", "none", "-source-language", "en", "-target-language", language]
    if plurals_only:
        options.append("-pluralonly")
    with TemporaryDirectory() as folder:
        messages = Path(folder, "messages.py")
        messages.write_text(
            "".join(_call(code, english) for code, english in ENGLISH.items() if code != SENTENCES), encoding="utf-8"
        )
        _run("pyside6-lupdate", *options, *sources, str(messages), "-ts", str(file))


def _call(code: str, english: str) -> str:
    """Return the line of Python in which ``lupdate`` finds a message of the core: its text, with the code beside it."""
    return f'translate("Message", {json.dumps(english)}, {json.dumps(code)})\n'


def untranslated(file: Path) -> Iterator[tuple[str, str]]:
    """Yield the context and the English of each text in ``file`` without a translation, or without one for each number.

    A translation that was guessed from a similar text is marked ``unfinished`` until a person confirms it.
    """
    for context in ET.parse(file).getroot().iter("context"):  # noqa: S314 - our own file
        for message in context.iter("message"):
            translation = message.find("translation")
            forms = [] if translation is None else [*translation.iter("numerusform")] or [translation]
            guessed = translation is not None and translation.get("type") == "unfinished"
            if guessed or not forms or any(not (form.text or "").strip() for form in forms):
                yield context.findtext("name", ""), message.findtext("source", "")


def _run(tool: str, *arguments: str) -> None:
    subprocess.run([str(Path(sysconfig.get_path("scripts"), tool)), *arguments], cwd=ROOT, check=True)


if __name__ == "__main__":
    sys.exit(main())
