"""``understudy test``: every role really tried, with small calls through the proxy, and what they cost."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.cli.console import say, say_json, styled
from app.cli.money import dollars

if TYPE_CHECKING:
    from app.cli.cli_context import CliContext
    from app.cli.proxy_session import ProxySession
    from app.services.model_probe.checks import Check, Tried
    from proxy_core.config.settings import Role


_MARKS: Final = {"passed": ("ok  ", "32"), "noted": ("note", "33"), "failed": ("FAIL", "31"), "skipped": ("-   ", "0")}
"""What stands before a check of each outcome, and in which style."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What plays ``roles``, and how it did."""

    roles: tuple[Role, ...]
    target: str
    checks: tuple[Check, ...]

    @property
    def failed(self) -> bool:
        """Whether the roles cannot be played so."""
        return any(check.outcome == "failed" for check in self.checks)


def try_roles(
    roles: Annotated[
        list[str] | None, typer.Argument(metavar="[ROLE]...", help="big, small, thinker …; all that are set if none.")
    ] = None,
    profile: Annotated[str, typer.Option(help="Of this profile instead of the active one.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For a script.")] = False,
) -> None:
    """Try every role, really: an answer, its streaming, a tool, a picture. Ends with 1 when a role fails."""
    from app.cli.cli_context import load
    from app.cli.proxy_session import proxy_session

    wanted = [_role(name) for name in roles or ()]
    context = load(os.environ, Path.cwd())
    context.snapshot.profile(profile)
    with proxy_session(context, profile, Path.cwd()) as opened:
        results = [_try(context, opened, *played, aloud=not as_json) for played in _played(opened.roles, wanted)]
    if as_json:
        say_json(_as_dict(results))
    else:
        say(_conclusion(results))
    if any(result.failed for result in results):
        raise typer.Exit(1)


def _role(name: str) -> Role:
    from proxy_core.config.settings import Role

    try:
        return Role(name.lower())
    except ValueError:
        raise typer.BadParameter(f"{name!r} is no role; there are: {', '.join(Role)}", param_hint="ROLE") from None


def _played(roles: Mapping[Role, str], wanted: Iterable[Role]) -> list[tuple[tuple[Role, ...], str]]:
    """What to try, each target once, with the roles that it plays. Raises ConfigError for a role that is not set."""
    from proxy_core.errors import ConfigError

    asked = list(wanted) or list(roles)
    for role in asked:
        if role not in roles:
            raise ConfigError(f"{role.name} is not set: nothing plays it.")
    targets = dict.fromkeys(roles[role] for role in asked)
    return [(tuple(role for role in asked if roles[role] == target), target) for target in targets]


def _try(
    context: CliContext, opened: ProxySession, roles: tuple[Role, ...], target: str, *, aloud: bool
) -> ProbeResult:
    from app.services.model_probe.checks import Check, Outcome, checks
    from app.services.model_probe.probe_call import ProbeClient

    if aloud:
        say(f"{', '.join(role.name for role in roles)}  {target}")
    tried = _tried(context, opened, roles[0])
    done: list[Check] = []
    caller = ProbeClient(opened.address, opened.token)
    for check in checks(caller, tried) if tried else [Check("answer", Outcome.SKIPPED, _OWN_LOGIN)]:
        done.append(check)
        if aloud:
            for line in _lines(check):
                say(line)
    return ProbeResult(roles, target, tuple(done))


_OWN_LOGIN = "Anthropic answers with Claude Code's own login, which is not here: there is nothing to try."


def _tried(context: CliContext, opened: ProxySession, role: Role) -> Tried | None:
    from app.services.model_probe.role_probe import probe_target
    from proxy_core.config.settings import PASSTHROUGH

    anthropic = context.snapshot.provider_of(PASSTHROUGH) if opened.roles[role] == PASSTHROUGH else None
    has_key = anthropic is not None and context.key_of(anthropic).secret is not None
    settings = context.configuration.settings
    return probe_target(role, opened.roles, context.known, settings, has_anthropic_key=has_key)


def _lines(check: Check) -> list[str]:
    """A check for a person: the verdict, the sentence, times, tokens and what it cost; what to do in a line below."""
    numbers = []
    if check.first is not None and check.whole is not None:
        numbers.append(f"first token {check.first:.2f} s, whole {check.whole:.2f} s")
    if check.usage is not None:
        numbers.append(f"{check.usage.whole_input} → {check.usage.output} tokens, {dollars(check.cost)}")
    lines = [f"  {styled(*_MARKS[check.outcome])}  {check.name:9}  {check.sentence}  {'; '.join(numbers)}".rstrip()]
    return [*lines, f"        → {check.mend}"] if check.mend else lines


def _spent(results: list[ProbeResult]) -> tuple[float, int, int]:
    """USD of the calls whose price is known, how many those are, and how many calls there were."""
    calls = [check for result in results for check in result.checks if check.usage is not None]
    priced = [check.cost for check in calls if check.cost is not None]
    return sum(priced), len(priced), len(calls)


def _conclusion(results: list[ProbeResult]) -> str:
    failed = [role.name for result in results if result.failed for role in result.roles]
    verdict = f"{', '.join(failed)} cannot be played so." if failed else "Every role that was tried works."
    spent, priced, calls = _spent(results)
    if not calls:
        return verdict
    known = "" if priced == calls else f" ({priced} of {calls} calls priced)"
    return f"{verdict} This cost {dollars(spent if priced else None)}{known}."


def _as_dict(results: list[ProbeResult]) -> dict[str, Any]:
    from dataclasses import asdict

    spent, priced, calls = _spent(results)
    return {
        "ok": not any(result.failed for result in results),
        "roles": [
            {
                "roles": [role.value for role in result.roles],
                "target": result.target,
                "ok": not result.failed,
                "checks": [asdict(check) for check in result.checks],
            }
            for result in results
        ],
        "cost": spent if priced else None,
        "priced_calls": priced,
        "calls": calls,
    }
