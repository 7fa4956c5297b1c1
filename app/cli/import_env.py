"""``understudy import-env``: a ``.env`` file's keys into the keyring, its settings into the settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import say, say_error, table

if TYPE_CHECKING:
    from app.cli.cli_context import CliContext
    from app.cli.dotenv_migration import KeyMove, Moves


def import_env(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .env file, as proxies like this one read it.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    settings_only: Annotated[bool, typer.Option("--settings-only", help="Leave the keys where they are.")] = False,
) -> None:
    """Move a .env file into the keyring and the settings. The file itself is not touched."""
    from app.cli.cli_context import load
    from app.cli.dotenv_migration import plan_migration
    from proxy_core.config.environment import read_dotenv
    from proxy_core.errors import ConfigError

    if not file.is_file():
        raise ConfigError(f"There is no file {file}.")
    context = load({name: value for name, value in os.environ.items() if name.startswith("UNDERSTUDY_")})
    found = plan_migration(read_dotenv(file), context.snapshot.file, context.known.providers)
    keys = () if settings_only else found.keys
    for line in _shown(found, file, context, settings_only=settings_only):
        say(line)
    if not keys and not found.settings:
        say("There is nothing to move.")
        return
    held = _held(context, keys)
    for key in keys:
        if held.get(key.provider):
            say_error(f"The key for {key.provider} takes the place of another, which ends in …{held[key.provider]}.")
    if dry_run:
        say("Nothing was written (--dry-run).")
        return
    if not yes:
        typer.confirm("Write this?", abort=True, err=True)
    for key in keys:
        context.keys.set(key.provider, key.secret.reveal())
    if found.settings:
        context.proxy.settings.change(found.settings_from)
    say(_done(file, found, keys))


def _shown(found: Moves, file: Path, context: CliContext, *, settings_only: bool) -> list[str]:
    """The whole plan. Of keys only the last four characters, of what goes nowhere only the names."""
    shown: list[str] = []
    if found.keys:
        where = "Keys, which stay where they are:" if settings_only else "Into the keyring:"
        shown += [where, *table([(key.variable, f"{key.provider}, …{key.secret.hint}") for key in found.keys])]
    if found.settings:
        rows = [
            (move.variable, move.name, move.value, f"instead of {move.before}" if move.before else "")
            for move in found.settings
        ]
        shown += [f"Into {context.paths.settings_file}:", *table(rows)]
    if found.left:
        shown += [f"Stays in {file.name} alone:", *table([(left.variable, left.why) for left in found.left])]
    return shown


def _held(context: CliContext, keys: tuple[KeyMove, ...]) -> dict[str, str]:
    """The ends of the keys that the keyring holds for the same providers and that differ.

    Raises ConfigError where keys are to be written and there is no keyring: they are never written to a file.
    """
    from proxy_core.errors import ConfigError

    if not keys:
        return {}
    try:
        names = context.keys.names([key.provider for key in keys])
    except ConfigError as error:
        raise ConfigError(
            f"{error.message} Keys are not written to a file, so nothing was written. "
            "With --settings-only the rest is moved, and the keys stay in the environment."
        ) from error
    held = {}
    for key in keys:
        provider = context.known.provider(key.provider)
        if key.provider in names and provider is not None:
            secret = context.keys.for_provider(provider).secret
            if secret is not None and secret != key.secret:
                held[key.provider] = secret.hint
    return held


def _done(file: Path, found: Moves, keys: tuple[KeyMove, ...]) -> str:
    moved = [f"{len(keys)} {'key' if len(keys) == 1 else 'keys'} into the keyring"] if keys else []
    count = len(found.settings)
    moved += [f"{count} {'setting' if count == 1 else 'settings'} into the settings file"] if count else []
    if keys or not found.keys:
        after = (
            f"{file} was left as it is and can be deleted; while `understudy serve` runs beside it, it still counts."
        )
    else:
        after = f"{file} was left as it is: its keys are still needed."
    return f"Moved {' and '.join(moved)}. {after}"
