"""The real Claude Code for one prompt, with a home of its own, its events shown as they come."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from app.cli.answer_printer import AnswerPrinter
from app.cli.demo_conversation import PROMPT
from proxy_core.anthropic_api.json_text import loads
from proxy_core.errors import ProviderFailed
from proxy_core.launch.claude_code import LaunchPlan

_ARGUMENTS = (
    *("-p", PROMPT),
    *("--output-format", "stream-json", "--include-partial-messages", "--verbose"),
    *("--allowedTools", "Bash(echo:*)"),
)


def converse(program: Path, plan: LaunchPlan, home: Path, screen: AnswerPrinter) -> None:
    """Run it in ``home``, which is thrown away afterwards: nothing of the user's is read or written.

    Raises ProviderFailed when it ends badly.
    """
    folder = home / "project"
    folder.mkdir()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CLAUDE", "ANTHROPIC"))}
    environment = plan.environment(inherited) | {"HOME": str(home), "CLAUDE_CONFIG_DIR": str(home / ".claude")}
    screen.asked(PROMPT)
    complaints = home / "stderr"  # a file, because nobody reads a pipe while the answer streams
    with (
        complaints.open("wb") as errors,
        subprocess.Popen(  # noqa: S603 - the program that the user runs as claude
            [str(program), *plan.arguments, *_ARGUMENTS],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            _show(process.stdout, screen)
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        trouble = complaints.read_text("utf-8", "replace")
        raise ProviderFailed(f"Claude Code ended with code {process.returncode}. {trouble.strip()[:600]}")


def _show(output: IO[bytes], screen: AnswerPrinter) -> None:
    for line in output:
        told = loads(line)
        match told.get("type"):
            case "stream_event":
                screen.event(told["event"])
            case "user":
                for block in told["message"]["content"]:
                    _show_result(block, screen)
            case _:
                pass


def _show_result(block: Mapping[str, Any] | str, screen: AnswerPrinter) -> None:
    if isinstance(block, Mapping) and block.get("type") == "tool_result":
        content = block.get("content")
        screen.result(content if isinstance(content, str) else "(a result that is not text)")
