"""The command line: what each command is called, and how every one of them ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from app.cli.claude import claude
from app.cli.console import say, say_error, use_utf8_output
from app.cli.demo import demo
from app.cli.doctor import doctor
from app.cli.import_env import import_env
from app.cli.keys import commands as keys
from app.cli.log import commands as log
from app.cli.models import models
from app.cli.serve import serve
from app.cli.test import try_roles
from app.cli.token import token
from app.cli.usage import usage
from proxy_core.errors import UnderstudyError

line = typer.Typer(
    name="understudy",
    help="Run Claude Code on any model.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
line.command()(serve)
line.command(context_settings={"help_option_names": []})(claude)
line.command()(demo)
line.add_typer(keys, name="keys", help="Provider keys, in the system's keyring.")
line.command()(models)
line.command("test")(try_roles)
line.command()(doctor)
line.add_typer(log, name="log", help="What was asked and answered: a table, one request whole, export, wipe, rerun.")
line.command()(usage)
line.command()(token)
line.command("import-env")(import_env)


@line.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Say which version this is.")] = False,
) -> None:
    """Run Claude Code on any model."""
    if version:
        from app.version import version as installed

        say(f"understudy {installed()}")
    elif context.invoked_subcommand is None:
        say("There is no screen to put a window on: `understudy serve` runs the proxy in this terminal,")
        say("`understudy claude` runs Claude Code on it, and `understudy demo` shows it all without a key.")


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """One command; its exit code: 0 done, 1 it could not be done and stderr says why, 2 it was asked for wrongly."""
    use_utf8_output()
    try:
        line(args=_left_alone(arguments), prog_name="understudy")
    except UnderstudyError as error:
        say_error(error.message)
        return 1
    except SystemExit as end:
        return _flushed(end.code if isinstance(end.code, int) else 0)
    return 0


def _left_alone(arguments: Sequence[str]) -> list[str]:
    """``claude`` takes every argument as it is: behind the separator none of them is an option of ours."""
    match list(arguments):
        case ["claude", *theirs]:
            return ["claude", "--", *theirs]
        case others:
            return others


def _flushed(code: int) -> int:
    """The code, after what was said has really gone out: a reader that left early is no fault."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
