"""Who answers which request, and the sentence that says why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.anthropic_api.request import ThinkingConfig
from proxy_core.config.settings import PASSTHROUGH, Profile, Role, RoutingSettings, ThinkingRule
from proxy_core.routing.model_ids import offered, role_id, role_of, withdrawn
from proxy_core.routing.roles import RoutingRequest, Target, choose, is_passthrough_anyway

ADAPTIVE_HIGH = ThinkingConfig("adaptive", effort="high")
ADAPTIVE_MAX = ThinkingConfig("adaptive", effort="max")
BUDGET = ThinkingConfig("enabled", budget=31_999)


class Catalogue:
    """A small one: a model of one name at two providers, one with a slash in its name, a small tier at OpenAI."""

    providers = frozenset({"openai", "gemini", "groq", "anthropic"})

    def is_provider(self, name: str) -> bool:
        return name in self.providers

    def providers_of(self, name: str) -> tuple[str, ...]:
        known = {"gemini-2.5-pro": ("gemini",), "llama": ("groq", "openai"), "qwen/qwen3-32b": ("groq",)}
        return known.get(name, ())

    def can_see(self, provider: str, name: str) -> bool | None:
        return {"groq/llama": False, "openai/gpt-4.1": True}.get(f"{provider}/{name}")

    def small_model(self, provider: str, big: str) -> str:
        return {"openai/gpt-5": "gpt-5-mini", "gemini/gemini-2.5-pro": "gemini-2.5-flash"}.get(f"{provider}/{big}", "")


def ask(
    model: str, roles: dict[Role, str] | None = None, rule: ThinkingRule = ThinkingRule.ON_PURPOSE, **asked: object
) -> Target:
    profile = Profile(roles or {})
    return choose(RoutingRequest(model, **asked), profile, RoutingSettings(rule, long_threshold=1000), Catalogue())  # type: ignore[arg-type]  # keywords of Asked


@pytest.mark.parametrize(
    ("model", "role", "target"),
    [
        ("claude-opus-5-5", Role.BIG, "openai/gpt-4.1"),
        ("claude-sonnet-5-5", Role.BIG, "openai/gpt-4.1"),
        ("claude-fable-5-2", Role.BIG, "openai/gpt-4.1"),
        ("claude-something-new", Role.BIG, "openai/gpt-4.1"),
        ("claude-haiku-4-5-20251001", Role.SMALL, "openai/gpt-4.1-mini"),
        ("claude-3-5-haiku", Role.SMALL, "openai/gpt-4.1-mini"),
        ("understudy/big", Role.BIG, "openai/gpt-4.1"),
        ("understudy/small", Role.SMALL, "openai/gpt-4.1-mini"),
        ("understudy/thinker", Role.THINKER, "openai/gpt-4o"),
        ("claude:understudy/small", Role.SMALL, "openai/gpt-4.1-mini"),
        ("gemini/gemini-2.5-pro", None, "gemini/gemini-2.5-pro"),
        ("claude:groq/llama", None, "groq/llama"),
        ("anthropic/claude-opus-5-5", None, "anthropic/claude-opus-5-5"),
        ("gemini-2.5-pro", None, "gemini/gemini-2.5-pro"),
        ("llama", None, "openai/llama"),
        ("o-new", None, "openai/o-new"),
        ("meta-llama/llama-4", None, "meta-llama/llama-4"),
        ("a/b/c", None, "a/b/c"),
        ("understudy/nobody", None, "understudy/nobody"),
        ("qwen/qwen3-32b", None, "groq/qwen/qwen3-32b"),
        ("openai/openai/gpt-oss-120b", None, "openai/openai/gpt-oss-120b"),
    ],
)
def test_names(model: str, role: Role | None, target: str) -> None:
    chosen = ask(model)
    assert (chosen.role, chosen.id) == (role, target)
    assert model.removeprefix("claude:") in chosen.why


@pytest.mark.parametrize(
    ("model", "role", "target"),
    [
        ("OpenAI/gpt-5", None, "openai/gpt-5"),
        (" openai/gpt-5\n", None, "openai/gpt-5"),
        ("openai/gpt-5[1m]", None, "openai/gpt-5"),
        ("gpt-5[1M]", None, "openai/gpt-5"),
        ("Understudy/BIG", Role.BIG, "openai/gpt-4.1"),
        ("claude:understudy/small[1m]", Role.SMALL, "openai/gpt-4.1-mini"),
        (" claude-haiku-4-5", Role.SMALL, "openai/gpt-4.1-mini"),
        ("Meta-Llama/Llama-4", None, "Meta-Llama/Llama-4"),
    ],
)
def test_a_name_is_meant_whatever_its_case_blanks_and_window(model: str, role: Role | None, target: str) -> None:
    chosen = ask(model)
    assert (chosen.role, chosen.id) == (role, target)


@pytest.mark.parametrize("model", ["/gpt-5", "openai/", "openai/ ", "nobody/", " / "])
def test_a_name_that_lacks_a_part_means_no_model(model: str) -> None:
    chosen = ask(model)
    assert not (chosen.provider and chosen.model)


@pytest.mark.parametrize(
    ("roles", "small", "thinker"),
    [
        ({}, "openai/gpt-4.1-mini", "openai/gpt-4o"),
        ({Role.THINKER: "groq/llama"}, "openai/gpt-4.1-mini", "groq/llama"),
        ({Role.BIG: "groq/llama"}, "groq/llama", "groq/llama"),
        ({Role.BIG: "openai/gpt-5"}, "openai/gpt-5-mini", "openai/gpt-5"),
        ({Role.BIG: "gemini-2.5-pro"}, "gemini/gemini-2.5-flash", "gemini/gemini-2.5-pro"),
        ({Role.BIG: "openai/gpt-4.1"}, "openai/gpt-4.1", "openai/gpt-4.1"),
        ({Role.BIG: "nobody/x"}, "nobody/x", "nobody/x"),
        ({Role.BIG: PASSTHROUGH}, PASSTHROUGH, PASSTHROUGH),
        ({Role.BIG: "openai/gpt-5", Role.SMALL: "groq/llama"}, "groq/llama", "openai/gpt-5"),
        ({Role.BIG: "openai/gpt-5", Role.THINKER: PASSTHROUGH}, "openai/gpt-5-mini", PASSTHROUGH),
    ],
)
def test_once_big_is_set_small_and_thinker_follow_it(roles: dict[Role, str], small: str, thinker: str) -> None:
    assert ask("claude-haiku-4-5", roles).id == small
    for hard in (ADAPTIVE_MAX, BUDGET):
        assert ask("claude-opus-5-5", roles, thinking=hard).id == thinker


def test_the_reason_says_that_a_role_follows_big() -> None:
    assert ask("claude-haiku-4-5").why == "claude-haiku-4-5 → SMALL"
    big = {Role.BIG: "groq/llama"}
    assert ask("claude-haiku-4-5", big).why == "claude-haiku-4-5 → SMALL (not set, same as BIG)"
    assert ask("claude-sonnet-5-5", big).why == "claude-sonnet-5-5 → BIG"


def test_opus_has_a_role_of_its_own_once_it_is_set() -> None:
    assert ask("claude-opus-5-5", {Role.OPUS: "gemini/x"}).id == "gemini/x"
    assert ask("claude-sonnet-5-5", {Role.OPUS: "gemini/x"}).id == "openai/gpt-4.1"
    assert ask("understudy/opus").role is Role.BIG


@pytest.mark.parametrize(
    ("rule", "thinking", "thinks"),
    [
        (ThinkingRule.NEVER, BUDGET, False),
        (ThinkingRule.NEVER, ADAPTIVE_MAX, False),
        (ThinkingRule.ON_PURPOSE, ThinkingConfig(), False),
        (ThinkingRule.ON_PURPOSE, ADAPTIVE_HIGH, False),
        (ThinkingRule.ON_PURPOSE, ADAPTIVE_MAX, True),
        (ThinkingRule.ON_PURPOSE, ThinkingConfig("adaptive", effort="xhigh"), True),
        (ThinkingRule.ON_PURPOSE, BUDGET, True),
        (ThinkingRule.ON_PURPOSE, ThinkingConfig("disabled"), False),
        (ThinkingRule.HIGH_EFFORT, ADAPTIVE_HIGH, True),
        (ThinkingRule.HIGH_EFFORT, ThinkingConfig("adaptive", effort="medium"), False),
        (ThinkingRule.WHENEVER_ON, ThinkingConfig("adaptive"), True),
        (ThinkingRule.WHENEVER_ON, ThinkingConfig("disabled"), False),
    ],
)
def test_thinking(rule: ThinkingRule, thinking: ThinkingConfig, thinks: bool) -> None:
    for model in ("claude-opus-5-5", "claude-sonnet-5-5", "understudy/big"):
        assert (ask(model, rule=rule, thinking=thinking).role is Role.THINKER) is thinks
    assert ask("claude-haiku-4-5", rule=rule, thinking=thinking).role is Role.SMALL


def test_optional_roles_are_off_until_set() -> None:
    asked: Any = {"agent": "a1", "input_tokens": 5000, "has_image": True}
    assert ask("claude-sonnet-5-5", **asked).role is Role.BIG
    assert ask("claude-sonnet-5-5", {Role.SUBAGENT: "groq/llama"}, agent="a1").role is Role.SUBAGENT
    assert ask("claude-haiku-4-5", {Role.SUBAGENT: "groq/llama"}, agent="a1").role is Role.SUBAGENT
    assert ask("claude-sonnet-5-5", {Role.LONG: "gemini/x"}, input_tokens=1001).role is Role.LONG
    assert ask("claude-sonnet-5-5", {Role.LONG: "gemini/x"}, input_tokens=1000).role is Role.BIG


def test_an_image_goes_to_vision_only_where_the_model_is_blind() -> None:
    seeing = {Role.VISION: "openai/gpt-4o"}
    assert ask("claude-sonnet-5-5", seeing, has_image=True).role is Role.BIG
    blind = ask("claude-sonnet-5-5", {**seeing, Role.BIG: "groq/llama"}, has_image=True)
    assert (blind.role, blind.id) == (Role.VISION, "openai/gpt-4o")
    assert "cannot see" in blind.why
    assert ask("claude-sonnet-5-5", {**seeing, Role.BIG: "groq/llama"}).role is Role.BIG


def test_passthrough_is_followed_unless_set_otherwise() -> None:
    roles = {Role.BIG: PASSTHROUGH, Role.SMALL: "openai/gpt-4o-mini"}
    assert ask("claude-opus-5-5", roles).passthrough
    assert ask("claude-opus-5-5", roles, thinking=BUDGET).passthrough
    assert ask("claude-haiku-4-5", roles).id == "openai/gpt-4o-mini"
    assert ask("claude-haiku-4-5", {Role.BIG: PASSTHROUGH}).passthrough
    assert not ask("claude-opus-5-5", {Role.SMALL: PASSTHROUGH}).passthrough


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("claude-opus-4-8", "claude-opus-4-8"),
        ("understudy/big", "claude-opus-5-5"),
        ("claude:understudy/small", "claude-haiku-5-5"),
        ("understudy/thinker", "claude-opus-5-5"),
    ],
)
def test_under_passthrough_a_roles_id_becomes_a_claude_name(asked: str, sent: str) -> None:
    assert ask(asked, {Role.BIG: PASSTHROUGH}).model == sent


@given(
    model=st.sampled_from(
        ["claude-opus-5-5", "claude-haiku-5-5", "claude:gpt-4.1", "understudy/big", "openai/o3", "o3"]
    ),
    roles=st.dictionaries(st.sampled_from(Role), st.sampled_from([PASSTHROUGH, PASSTHROUGH, "openai/gpt-4.1"])),
    rule=st.sampled_from(ThinkingRule),
    thinking=st.sampled_from([ThinkingConfig(), ADAPTIVE_HIGH, ADAPTIVE_MAX, BUDGET]),
    agent=st.sampled_from(["", "a-subagent"]),
    input_tokens=st.sampled_from([0, 10_000]),
    has_image=st.booleans(),
)
def test_what_goes_to_anthropic_anyway_goes_there_whatever_it_says(
    model: str, roles: dict[Role, str], rule: ThinkingRule, **asked: object
) -> None:
    target = ask(model, roles, rule, **asked)
    if is_passthrough_anyway(model, Profile(roles), Catalogue()):
        assert (target.passthrough, target.model) == (True, model)


@pytest.mark.parametrize(
    ("model", "roles", "anyway"),
    [
        ("claude-opus-5-5", {Role.BIG: PASSTHROUGH}, True),
        ("claude-opus-5-5", {Role.BIG: PASSTHROUGH, Role.SMALL: "openai/gpt-4.1-mini"}, False),
        ("claude-opus-5-5", {}, False),
        ("understudy/big", {Role.BIG: PASSTHROUGH}, False),
        ("anthropic/claude-opus-5-5", {Role.BIG: PASSTHROUGH}, False),
        ("gpt-4.1", {Role.BIG: PASSTHROUGH}, False),
    ],
)
def test_what_goes_to_anthropic_anyway(model: str, roles: dict[Role, str], *, anyway: bool) -> None:
    assert is_passthrough_anyway(model, Profile(roles), Catalogue()) is anyway


def test_ids_go_there_and_back() -> None:
    assert withdrawn(offered("openai/x")) == "openai/x"
    assert role_of(offered(role_id(Role.OPUS))) is Role.OPUS
    assert role_of("understudy/nobody") is None
    assert role_of("openai/big") is None
