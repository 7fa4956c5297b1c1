"""A plausible day of work, as the state and the rows that the windows show in screenshots."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from app.state.app_state import (
    AppState,
    BudgetView,
    CheckVerdict,
    KeyPlace,
    KeyView,
    LocalServerView,
    Phase,
    ProbeStep,
    ProbeView,
    ProviderCheck,
    ProxyView,
    TerminalView,
)
from proxy_core.catalogue.providers import Providers
from proxy_core.config.settings import (
    BudgetSettings,
    Configuration,
    Price,
    Profile,
    ProjectSettings,
    ProviderSettings,
    Role,
    Settings,
)

NOW: Final = 1_794_925_928.0
"""14:32:08 UTC on 17 November 2026."""

HOME: Final = "/home/me"
FOLDER: Final = f"{HOME}/work/atlas-api"

_ROLES: Final = {
    Role.BIG: "openai/gpt-4.1",
    Role.SMALL: "openai/gpt-4.1-mini",
    Role.THINKER: "gemini/gemini-2.5-pro",
}
_LOCAL: Final = ("ollama/qwen3-coder:30b", "ollama/gpt-oss:20b")

SETTINGS: Final = Settings(
    profile="Work",
    profiles={
        "Work": Profile(_ROLES),
        "Local": Profile(dict.fromkeys(_ROLES, "ollama/qwen3-coder:30b")),
        "Claude, cheaper titles": Profile({Role.BIG: "passthrough", Role.SMALL: "openai/gpt-4.1-mini"}),
    },
    providers={
        "gateway": ProviderSettings(name="Team gateway", base_url="https://llm.atlas.example/v1", custom=True),
    },
    budget=BudgetSettings(daily=20.0, monthly=300.0),
    prices={"gateway/atlas-coder": Price(0.6, 2.4)},
    projects={FOLDER: ProjectSettings("Work"), f"{HOME}/work/notes": ProjectSettings("Local")},
)


def trial(model: str, first: float, cost: float, vision: CheckVerdict = CheckVerdict.GOOD) -> ProbeView:
    """Return the probe of a model that succeeded, except perhaps with images."""
    return ProbeView(
        model,
        CheckVerdict.GOOD,
        first_token=first,
        duration=first + 1.4,
        steps=(
            ProbeStep("streaming", CheckVerdict.GOOD, "It comes in 24 pieces over 1.31 s."),
            ProbeStep("tools", CheckVerdict.GOOD, "It calls a tool with what was asked for."),
            ProbeStep("vision", vision, "It sees that a square is green."),
        ),
        cost=cost,
        at=NOW - 240,
    )


def settings_state(settings: Settings = SETTINGS) -> AppState:
    """Return the state of the settings window."""
    providers = Providers(settings.providers)
    named = [providers.get(id_) for id_ in ("openai", "gemini", "openrouter", "gateway", "ollama")]
    return AppState(
        configuration=Configuration(settings),
        proxy=ProxyView(Phase.RUNNING, "http://127.0.0.1:8082"),
        budget=BudgetView(4.82, 61.4, 20.0, 300.0),
        providers=tuple(provider for provider in named if provider is not None),
        keys={
            "openai": KeyView(KeyPlace.KEYRING, "7f3a"),
            "gemini": KeyView(KeyPlace.KEYRING, "Qw9x"),
            "openrouter": KeyView(KeyPlace.KEYRING, "c04d"),
            "gateway": KeyView(KeyPlace.ENVIRONMENT, "", "GATEWAY_API_KEY"),
        },
        token=KeyView(KeyPlace.KEYRING, "e41b"),
        checks={
            "openai": ProviderCheck(CheckVerdict.GOOD, "", NOW - 130, 94),
            "gemini": ProviderCheck(CheckVerdict.GOOD, "", NOW - 128, 41),
            "openrouter": ProviderCheck(
                CheckVerdict.BAD, "401: the key was revoked. Paste a new one.", NOW - 126, rejected=True
            ),
            "ollama": ProviderCheck(CheckVerdict.GOOD, "", NOW - 60, 2),
        },
        trials={
            Role.BIG: trial("openai/gpt-4.1", 0.62, 0.0021),
            Role.SMALL: trial("openai/gpt-4.1-mini", 0.41, 0.0004),
            Role.THINKER: trial("gemini/gemini-2.5-pro", 2.1, 0.0047),
        },
        roles=dict(settings.profiles[settings.profile].roles),
        reached=frozenset(
            {"openai/gpt-4.1", "openai/gpt-4.1-mini", "openai/gpt-4.1-nano", "openai/gpt-4o", "openai/gpt-5.1"}
            | {"gemini/gemini-2.5-pro", "gemini/gemini-2.5-flash", "gemini/gemini-2.5-flash-lite"}
        ),
        local_servers=(LocalServerView("ollama", "Ollama", "http://127.0.0.1:11434/v1", _LOCAL),),
        folder=FOLDER,
        recent_folders=(FOLDER, f"{HOME}/work/notes", f"{HOME}/src/tidepool"),
        claude_installed=True,
        install_command="npm install -g @anthropic-ai/claude-code",
        terminals=(
            TerminalView("gnome-terminal", "GNOME Terminal"),
            TerminalView("kitty", "kitty"),
            TerminalView("xterm", "xterm"),
        ),
        has_tray=True,
        said="Saved. New requests use these settings.",
        version="0.1.0",
    )


def first_run_state() -> AppState:
    """Return the state of a machine without settings, on which a local server answers."""
    state = settings_state(Settings())
    return replace(
        state,
        keys={},
        checks={},
        trials={},
        roles={},
        providers=(),
        reached=frozenset(_LOCAL),
        first_run=True,
        said="",
    )
