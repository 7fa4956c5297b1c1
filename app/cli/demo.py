"""``understudy demo``: a whole round without a key and without a network."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.cli.answer_printer import AnswerPrinter
    from app.cli.cli_context import CliContext
    from app.cli.proxy_session import ProxySession
    from proxy_core.ledger.request_events import RequestEvent, RequestRecord


class Client(StrEnum):
    """Who holds the conversation."""

    AUTO = "auto"
    CLAUDE = "claude"
    BUILT_IN = "built-in"


class Pace(StrEnum):
    """How fast the demo model speaks: the names of its models."""

    NORMAL = "understudy"
    SLOW = "slow"
    FAST = "fast"
    INSTANT = "instant"


class RecordingListener:
    """A listener that keeps the stories in memory."""

    def __init__(self) -> None:
        self._records: dict[str, RequestRecord] = {}

    def on_event(self, events: RequestEvent) -> None:
        """Take one piece of news; each value is replaced whole, so another thread may read."""
        from proxy_core.ledger.request_events import apply

        self._records[events.id] = apply(self._records.get(events.id), events)

    def records(self) -> tuple[RequestRecord, ...]:
        """What was heard so far."""
        return tuple(self._records.values())


def demo(
    client: Annotated[
        Client,
        typer.Option(help="The real Claude Code, or a built-in client that speaks like it. auto: as it is there."),
    ] = Client.AUTO,
    pace: Annotated[Pace, typer.Option(help="How fast the demo model speaks.")] = Pace.NORMAL,
) -> None:
    """Show it all: a request, a tool, the answer as it streams, and what happened. No key, no network."""
    from rich.console import Console

    from app.cli.answer_printer import AnswerPrinter
    from proxy_core.launch.installed import find_claude

    program = None if client is Client.BUILT_IN else find_claude(os.environ, Path.home())
    if client is Client.CLAUDE and program is None:
        from app.cli.claude import program_or_exit

        program_or_exit()
    screen = AnswerPrinter(Console())
    with tempfile.TemporaryDirectory(prefix="understudy-demo-", ignore_cleanup_errors=True) as folder:
        home = Path(folder).resolve()
        heard = RecordingListener()
        context = _context(home, pace, heard)
        _hold(context, heard, program, home, screen)


def _context(home: Path, pace: Pace, heard: RecordingListener) -> CliContext:
    """Everything in a folder of its own, every role played by the demo model."""
    from app.cli.cli_context import load

    model = f"demo/{pace}"
    environ = {
        "UNDERSTUDY_HOME": str(home / "understudy"),
        "UNDERSTUDY_TOKEN": secrets.token_urlsafe(24),
        "BIG_MODEL": model,
        "SMALL_MODEL": model,
        "THINKER_MODEL": model,
    }
    return load(environ, listener=heard)


def _hold(
    context: CliContext, heard: RecordingListener, program: Path | None, home: Path, screen: AnswerPrinter
) -> None:
    from app.cli import demo_claude, demo_conversation
    from app.cli.claude import plan_for
    from app.cli.proxy_session import private_proxy_session

    with private_proxy_session(context, "") as opened:
        _introduce(opened, program, screen)
        if program is None:
            demo_conversation.converse(opened.address, opened.token, screen)
        else:
            demo_claude.converse(program, plan_for(context, opened), home, screen)
    _conclude(heard, screen)


def _introduce(opened: ProxySession, program: Path | None, screen: AnswerPrinter) -> None:
    who = f"Claude Code ({program})" if program else "a built-in client that speaks as Claude Code does"
    screen.line(f"Understudy listens on {opened.address}; {who} talks to it; the demo model answers.", "bold")
    screen.line()


def _conclude(heard: RecordingListener, screen: AnswerPrinter) -> None:
    from app.cli.log_lines import told

    screen.title("What happened")
    for record in heard.records():
        for line in told(record):
            screen.line(line)
    screen.title("What next")
    for line in _next():
        screen.line(line)


def _next() -> Iterator[str]:
    from app.cli.console import table

    yield "That was a script, not a model. For a real one:"
    yield from table(
        [
            ("understudy keys set openai", "keeps a key in the system's keyring (or: gemini, openrouter, …)"),
            ("understudy claude", "runs Claude Code in this terminal, on your models"),
            ("understudy serve", "runs the proxy alone, for any client of Anthropic's API"),
            ("understudy doctor", "says what is missing"),
        ]
    )
