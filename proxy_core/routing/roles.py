"""Routing: the rules in their order, each with the reason that is shown with a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, assert_never

from proxy_core.anthropic_api.request import ThinkingConfig
from proxy_core.config.settings import DEFAULT_ROLES, PASSTHROUGH, Profile, Role, RoutingSettings, ThinkingRule
from proxy_core.messages import Message
from proxy_core.routing.model_ids import ModelId, claude_name, role_of, split, withdrawn
from proxy_core.routing.tiers import tier

_BIG_TIER: Final = frozenset({Role.BIG, Role.OPUS})
_ABOVE_HIGH: Final = frozenset({"xhigh", "max"})


@dataclass(frozen=True, slots=True)
class RoutingRequest:
    """The parts of a request that routing looks at. ``input_tokens`` is an estimate, ``agent`` a subagent's id or
    empty.
    """

    model: str
    thinking: ThinkingConfig = field(default_factory=ThinkingConfig)
    agent: str = ""
    input_tokens: int = 0
    has_image: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """The model that answers. ``role`` is None if the request named a model.

    ``passthrough`` sends the request to Anthropic unchanged, except that ``model`` replaces a role id.
    """

    provider: str
    model: str
    why: str
    role: Role | None = None
    passthrough: bool = False

    @property
    def id(self) -> str:
        """Return ``provider/name``, or ``passthrough``."""
        return PASSTHROUGH if self.passthrough else f"{self.provider}/{self.model}"


class KnownModels(Protocol):
    """The part of the catalogue that routing needs."""

    def is_provider(self, name: str) -> bool:
        """Return whether a provider with this id exists."""
        ...

    def providers_of(self, name: str) -> tuple[str, ...]:
        """Return the providers under which the catalogue knows a model of this bare name."""
        ...

    def can_see(self, provider: str, name: str) -> bool | None:
        """Return whether a model takes images; None if that is unknown."""
        ...

    def small_model(self, provider: str, big: str) -> str:
        """Return the small model of the provider that belongs to its model ``big``; empty if there is none."""
        ...


def choose(asked: RoutingRequest, profile: Profile, routing: RoutingSettings, known: KnownModels) -> Target:
    """Return the target of a request, by the first rule that matches.

    Its provider may be unknown if the name contains one: the caller refuses that.
    """
    name = withdrawn(asked.model)
    explicit = split(name, known.is_provider)
    size = tier(asked.model)
    if explicit.provider and role_of(name) is None:
        return Target(explicit.provider, explicit.name, Message("route.by_name", asked=str(explicit)))
    if size is None:
        return _by_bare_name(name, known)
    role, reason = _role(asked, size, profile, routing)
    target = _cast(role, reason, asked, profile, known)
    if Role.VISION in profile.roles and asked.has_image and _is_blind(target, known):
        return _cast(Role.VISION, Message("route.vision", model=target.id), asked, profile, known)
    return target


def is_passthrough_anyway(model: str, profile: Profile, known: KnownModels) -> bool:
    """Return whether a request for this Claude name is passed through, whatever else it contains."""
    is_claude = tier(model) is not None and role_of(model) is None
    if not is_claude or split(withdrawn(model), known.is_provider).provider:
        return False
    return all(model_of(role, profile.roles, known) == PASSTHROUGH for role in Role)


def model_of(role: Role, roles: Mapping[Role, str], known: KnownModels) -> str:
    """Return the model of a role: its own, else BIG's, or for SMALL the small model of BIG's provider.

    The defaults apply only while BIG is not set: once it is, no other provider is meant.
    """
    if role in roles:
        return roles[role]
    if Role.BIG not in roles:
        return DEFAULT_ROLES.get(role, DEFAULT_ROLES[Role.BIG])
    big = roles[Role.BIG]
    if role is not Role.SMALL or big == PASSTHROUGH:
        return big
    model = resolve(big, known)
    small = known.small_model(model.provider, model.name)
    return str(ModelId(model.provider, small)) if small else big


def resolve(model: str, known: KnownModels) -> ModelId:
    """Return a model's id as provider and name.

    The provider is the one in the id, whether it exists or not; for a name without a slash the only one that the
    catalogue knows it under, else OpenAI. A complete name with slashes that the catalogue knows under one provider only
    (``Qwen/Qwen3-32B``) is that provider's.
    """
    explicit = split(model, known.is_provider)
    if explicit.provider:
        return explicit
    providers = known.providers_of(explicit.name)
    if len(providers) == 1:
        return ModelId(providers[0], explicit.name)
    first, slash, rest = explicit.name.partition("/")
    return ModelId(first, rest) if slash else ModelId("openai", first)


def _role(asked: RoutingRequest, size: Role, profile: Profile, routing: RoutingSettings) -> tuple[Role, Message]:
    """Return the role of a request for a Claude name or a role id, and the reason."""
    name = asked.model
    if asked.agent and Role.SUBAGENT in profile.roles:
        return Role.SUBAGENT, Message("route.subagent", asked=name)
    if asked.input_tokens > routing.long_threshold and Role.LONG in profile.roles:
        return Role.LONG, Message("route.long", tokens=asked.input_tokens, threshold=routing.long_threshold)
    if size in _BIG_TIER and (purpose := _thinking_on_purpose(asked.thinking, routing.thinking_rule)):
        return Role.THINKER, Message("route.thinker", asked=name, purpose=purpose)
    if size is Role.OPUS and Role.OPUS not in profile.roles:
        return Role.BIG, Message("route.no_opus", asked=name)
    return size, Message("route.role", asked=name, role=size.name)


def _thinking_on_purpose(thinking: ThinkingConfig, rule: ThinkingRule) -> Message | None:
    """Return what in the request asks for THINKER under this rule."""
    budget = thinking.type == "enabled" and thinking.budget is not None
    strong = thinking.effort in _ABOVE_HIGH
    match rule:
        case ThinkingRule.NEVER:
            return None
        case ThinkingRule.ON_PURPOSE:
            wanted = budget or strong
        case ThinkingRule.HIGH_EFFORT:
            wanted = budget or strong or thinking.effort == "high"
        case ThinkingRule.WHENEVER_ON:
            wanted = thinking.is_on
        case _:
            assert_never(rule)
    if not wanted:
        return None
    if budget:
        return Message("thinking.budget", tokens=thinking.budget or 0)
    return Message("thinking.effort", effort=thinking.effort) if thinking.effort else Message("thinking.on")


def _is_blind(target: Target, known: KnownModels) -> bool:
    return not target.passthrough and known.can_see(target.provider, target.model) is False


def _cast(role: Role, reason: Message, asked: RoutingRequest, profile: Profile, known: KnownModels) -> Target:
    value = model_of(role, profile.roles, known)
    if role in DEFAULT_ROLES and role not in profile.roles and Role.BIG in profile.roles:
        reason = Message("route.follows_big", reason=reason)
    if value == PASSTHROUGH:
        name = claude_name(asked.model)
        return Target("anthropic", name, Message("route.passthrough", reason=reason), role, passthrough=True)
    model = resolve(value, known)
    return Target(model.provider, model.name, reason, role)


def _by_bare_name(name: str, known: KnownModels) -> Target:
    model = resolve(name, known)
    only = known.providers_of(name)
    if len(only) == 1:
        return Target(model.provider, model.name, Message("route.only_provider", asked=name, provider=model.provider))
    if "/" in name:
        return Target(model.provider, model.name, Message("route.by_name", asked=name))
    return Target(model.provider, model.name, Message("route.no_provider", asked=name))
