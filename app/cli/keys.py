"""``understudy keys``: provider keys into and out of the system's keyring, never through a command line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import say, say_error, say_json, table

if TYPE_CHECKING:
    from app.cli.cli_context import CliContext
    from proxy_core.catalogue.values import Provider

commands = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="PROVIDER", help="openai, gemini, openrouter, anthropic …")]


@commands.command("set")
def set_(provider: Name) -> None:
    """Keep a provider's key in the keyring. The key is asked for, or read from stdin; it is never an argument."""
    context, named = _provider(provider)
    context.keys.set(named.id, _ask_for_key(named))
    say(f"The key for {named.name} is in the keyring.")
    found = context.keys.for_provider(named)
    if found.variable:
        say_error(f"{found.variable} in the {found.origin} is used before it.")


@commands.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="For a script.")] = False) -> None:
    """Which keys are found and where, each masked but for its last four characters."""
    from app.cli.cli_context import load
    from proxy_core.config.keys import Missing

    context = load(os.environ)
    found = {
        provider.id: key
        for provider in context.known.providers.all()
        if (key := context.keys.for_provider(provider)).secret
    }
    looked_up = [context.keys.for_provider(provider) for provider in context.known.providers.all()]
    troubles = {key.trouble for key in looked_up} - {""}
    if as_json:
        keys = [
            {
                "provider": id_,
                "last_four": key.secret.hint if key.secret else "",
                "origin": key.origin.value,
                "variable": key.variable,
            }
            for id_, key in found.items()
        ]
        say_json({"keys": keys, "troubles": sorted(troubles)})
        return
    rows = [
        (id_, f"…{key.secret.hint if key.secret else ''}", f"{key.origin} {key.variable}".rstrip())
        for id_, key in found.items()
    ]
    for line in table(rows, indent=""):
        say(line)
    if not rows and not any(key.missing is Missing.UNREADABLE for key in looked_up):
        say("No key is kept or set. `understudy keys set PROVIDER` keeps one.")
    for trouble in sorted(troubles):
        say_error(trouble)


@commands.command()
def remove(provider: Name) -> None:
    """Take a provider's key out of the keyring."""
    context, named = _provider(provider)
    if not context.keys.remove(named.id):
        say_error(f"There is no key for {named.name} in the keyring.")
        raise typer.Exit(1)
    say(f"The key for {named.name} is no longer in the keyring.")


def _provider(id_: str) -> tuple[CliContext, Provider]:
    from app.cli.cli_context import load
    from proxy_core.errors import ConfigError

    context = load(os.environ)
    named = context.known.provider(id_)
    if named is None:
        raise ConfigError(f"There is no provider called {id_!r}. A custom one stands in {context.paths.settings_file}.")
    if not named.needs_key and not named.custom and not named.local:
        raise ConfigError(f"{named.name} needs no key.")
    return context, named


def _ask_for_key(provider: Provider) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    if provider.key_page:
        say_error(f"Get a key at {provider.key_page}")
    answer: str = typer.prompt(f"Key for {provider.name}", hide_input=True, err=True)
    return answer
