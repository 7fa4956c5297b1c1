"""``understudy models``: which models there are, and which of them the keys and servers here reach."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.console import say, say_error, say_json, table

if TYPE_CHECKING:
    from app.cli.cli_context import CliContext
    from proxy_core.catalogue.live_models import ProviderListing
    from proxy_core.catalogue.values import ModelFacts

_SECONDS = 10.0
"""How long the providers may take to list their models."""


@dataclass(frozen=True, slots=True)
class ModelLine:
    """A model, and how it is reached: ``live``, ``local``, ``key`` (by the catalogue's word), or not at all."""

    model: ModelFacts
    reached: str


def models(
    search: Annotated[list[str] | None, typer.Argument(help="Words that the id has to hold, in any order.")] = None,
    live: Annotated[
        bool | None,
        typer.Option(
            "--live/--offline",
            help="Only what is reached now, as the providers list it; or only the catalogue, with nobody asked.",
            show_default="both",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a script.")] = False,
) -> None:
    """Search models: window, output, price and abilities. Without words: what your keys and local servers reach."""
    import asyncio

    from app.cli.cli_context import load

    words = " ".join(search or ())
    context = load(os.environ, Path.cwd())
    reached = () if live is False else asyncio.run(_reached(context))
    listed = rows(context, words, reached, whole_catalogue=live is False or (live is None and bool(words)))
    troubles = [found.trouble for found in reached if found.trouble]
    if as_json:
        say_json({"models": [_as_dict(row) for row in listed], "troubles": troubles})
        return
    for line in lines(listed):
        say(line)
    for trouble in troubles:
        say_error(trouble)
    if not listed:
        say_error(_nothing(context, words))


async def _reached(context: CliContext) -> tuple[ProviderListing, ...]:
    live = context.proxy.live_models()
    try:
        return await live.reached(_SECONDS)
    finally:
        await live.aclose()


def rows(
    context: CliContext, words: str, reached: Iterable[ProviderListing], *, whole_catalogue: bool
) -> list[ModelLine]:
    """The models whose id holds all ``words``: those that are reached first, then the catalogue's if asked for."""
    found: dict[str, ModelLine] = {}
    wanted = words.lower().split()
    for source in reached:
        how = ("local" if source.provider.local else "live") if source.live else "key"
        for model in source.models:
            if all(word in model.id.lower() for word in wanted):
                found.setdefault(model.id, ModelLine(model, how))
    if whole_catalogue:
        for model in context.known.models.search(words, limit=len(context.known.models)):
            found.setdefault(model.id, ModelLine(model, ""))
    return list(found.values())


def lines(listed: Sequence[ModelLine]) -> list[str]:
    """The table; its head only for a person, so that a pipe gets models alone."""
    from proxy_core.catalogue.words import abilities, price, tokens

    told = [
        (
            row.model.id,
            tokens(row.model.window),
            tokens(row.model.max_output),
            price(row.model.input_price),
            price(row.model.output_price),
            row.reached or "-",
            " ".join(abilities(row.model)),
        )
        for row in listed
    ]
    head = ("MODEL", "WINDOW", "OUTPUT", "IN/M", "OUT/M", "REACHED", "CAN")
    return table([head, *told] if told and sys.stdout.isatty() else told, indent="")


def _as_dict(row: ModelLine) -> dict[str, Any]:
    """For a script; windows in tokens, prices in USD per token, null where not known."""
    from proxy_core.catalogue.words import abilities

    known = ("id", "window", "max_output", "input_price", "output_price", "cache_read_price", "cache_write_price")
    said = {name: getattr(row.model, name) for name in known}
    return {**said, "abilities": abilities(row.model), "reached": row.reached}


def _nothing(context: CliContext, words: str) -> str:
    from proxy_core.errors import ConfigError, KeyringClosed

    if words:
        return f"No model's id holds all of: {words}."
    try:
        context.keys.check_store()
    except KeyringClosed as closed:
        return closed.message
    except ConfigError:  # no keyring: then no key is in it
        pass
    return (
        "No key and no local server was found, so nothing is reached. `understudy keys set PROVIDER` keeps a key; "
        f"`understudy models gpt mini` searches the {len(context.known.models):,} models that are known."
    )
