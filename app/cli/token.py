"""``understudy token``: the local token, for a client that is not started from here."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from app.cli.console import say, say_error


def token(
    renew: Annotated[bool, typer.Option("--renew", help="Make a new one; the old one opens nothing any more.")] = False,
) -> None:
    """Print the token that lets a client in, for x-api-key or Authorization: Bearer."""
    from app.cli.cli_context import load
    from proxy_core.config.key_store import KeyOrigin

    keys = load(os.environ).keys
    found = keys.renew_local_token() if renew else keys.local_token()
    if found.secret is None:
        say_error(found.trouble)
        raise typer.Exit(1)
    if found.origin is KeyOrigin.MEMORY:  # gone with this process: of no use to any client
        say_error(f"There is no lasting token. {found.trouble} Set UNDERSTUDY_TOKEN to one of your own.")
        raise typer.Exit(1)
    if renew and found.origin is KeyOrigin.ENVIRONMENT:
        say_error("UNDERSTUDY_TOKEN fixes the token: change it there.")
    say(found.secret.reveal())
