"""From a request to who answers it, and with what: routing's target, its provider, key and engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import assert_never

from proxy_core.anthropic_api.request import MessagesRequest
from proxy_core.api.context import ApiContext, ConfigSnapshot
from proxy_core.api.exchange import Exchange
from proxy_core.api.recorder import RequestRecorder
from proxy_core.catalogue.values import ModelFacts, Provider, needs_responses
from proxy_core.config.keys import REQUEST_WAIT, FoundKey, Missing
from proxy_core.config.local_token import Launch
from proxy_core.config.secret import Secret
from proxy_core.config.settings import Engine, Profile, Role, Settings
from proxy_core.errors import InvalidRequest, KeyMissing, KeyRefused, KeyringClosed, UnderstudyError
from proxy_core.routing.model_ids import OWN, role_id
from proxy_core.routing.roles import RoutingRequest, Target, choose
from proxy_core.translate.quirks import quirks_of
from proxy_core.translate.search import search_of
from proxy_core.translate.target_model import TargetModel

_BYTES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class ResolvedCall:
    """Who answers: the target, its provider as configured, the engine that reaches it, what is known of the model."""

    target: Target
    provider: Provider
    engine: Engine
    model: ModelFacts
    bridged: bool = False

    @property
    def model_name(self) -> str:
        """The provider's own name for the model, as the engine wants it."""
        if self.bridged:
            return f"responses/{self.target.model}"  # LiteLLM's bridge to OpenAI's Responses API
        return self.target.model

    def tell(self, recorder: RequestRecorder, warnings: tuple[str, ...] = ()) -> None:
        """Put the choice into the request's story."""
        recorder.routed(
            role=self.target.role.name if self.target.role else "",
            why=self.target.why,
            provider=self.provider.id,
            model=self.target.model,
            engine=self.engine.value,
            warnings=warnings,
        )

    def target_model(self) -> TargetModel:
        """What translation needs to know."""
        facts = self.model
        return TargetModel(
            name=self.model_name,
            provider=self.provider.id,
            quirks=quirks_of(self.provider.quirks or self.provider.id),
            max_output=facts.max_output,
            vision=facts.vision,
            pdf=facts.pdf,
            tools=facts.tools,
            reasoning=facts.reasoning,
            web_search=facts.web_search,
            efforts=facts.efforts,
        )


def resolve_call(request: MessagesRequest, size: int, exchange: Exchange) -> ResolvedCall:
    """Choose who answers ``request``, whose body has ``size`` bytes. Raises :class:`InvalidRequest`."""
    return with_provider(target_of(request, size, exchange), exchange.config_snapshot, request)


def target_of(request: MessagesRequest, size: int, exchange: Exchange) -> Target:
    """As :func:`resolve_call`, but the target alone."""
    settings, facts = exchange.config_snapshot.settings, exchange.config_snapshot.facts
    profile = profile_of(exchange.caller.launch, settings)
    asked = RoutingRequest(
        model=request.model,
        thinking=request.thinking,
        agent=exchange.header(b"x-claude-code-agent-id"),
        input_tokens=size // _BYTES_PER_TOKEN,
        has_image=Role.VISION in profile.roles and has_image(request),
    )
    return choose(asked, profile, settings.routing, facts)


def profile_of(launch: Launch, settings: Settings) -> Profile:
    """The profile that the launch named, if it still exists, else the active one."""
    return settings.profiles.get(launch.profile, settings.active)


async def key_for(provider: Provider, context: ApiContext) -> Secret | None:
    """The provider's key. Raises where it wants one and there is none, saying what to do.

    That is :class:`KeyMissing`, or :class:`KeyringClosed` where the keyring may hold one.
    """
    found = await context.key_of(provider)
    if found.secret is None and provider.needs_key:
        raise _without_key(provider, found)
    return found.secret


async def explained(refusal: KeyRefused, provider: Provider, context: ApiContext) -> UnderstudyError:
    """``refusal``, or why a provider that refused a call without a key was sent none."""
    found = await context.key_of(provider)
    unsent = found.secret is None and found.missing is not Missing.NOT_SET
    return _without_key(provider, found) if unsent else refusal


def _without_key(provider: Provider, found: FoundKey) -> UnderstudyError:
    variable = provider.key_variables[0] if provider.key_variables else ""
    match found.missing:
        case Missing.UNREADABLE:
            return KeyringClosed(found.trouble, retry_after=REQUEST_WAIT)
        case Missing.WITHHELD:
            return KeyMissing(
                f"No key is sent to {provider.name}: its base URL comes from a .env file, which gets only a key of the "
                f"same file. Put {variable or 'its key'} into that file, or set the base URL in the environment or in "
                "Understudy's settings.",
                provider=provider.id,
            )
        case Missing.NOT_SET:
            or_set = f" or set {variable}" if variable else ""
            return KeyMissing(
                f"There is no key for {provider.name}. {found.trouble} Open Understudy → Settings → Models and keys, "
                f"run `understudy keys set {provider.id}`{or_set}, and try again.".replace("  ", " "),
                provider=provider.id,
            )
        case _:
            assert_never(found.missing)


def has_image(request: MessagesRequest) -> bool:
    """Whether a picture is in the request, in a tool's result too."""
    for message in request.messages:
        for block in message.content:
            if block.get("type") == "image":
                return True
            inner = block.get("content") if block.get("type") == "tool_result" else None
            if isinstance(inner, list) and any(
                isinstance(part, dict) and part.get("type") == "image" for part in inner
            ):
                return True
    return False


def with_provider(target: Target, config_snapshot: ConfigSnapshot, request: MessagesRequest) -> ResolvedCall:
    """Who answers, once the target is chosen. Raises :class:`InvalidRequest`."""
    facts = config_snapshot.facts
    provider = facts.provider(target.provider)
    if provider is None or not target.model:
        raise InvalidRequest(_nobody(target, config_snapshot.settings))
    model = facts.model(target.provider, target.model)
    if target.passthrough:
        provider = _passing_through(provider, config_snapshot.settings.proxy.passthrough_url)
    bridged = needs_responses(
        provider, model, with_tools=bool(request.tools), with_search=search_of(request) is not None
    )
    return ResolvedCall(target, provider, Engine.LITELLM if bridged else provider.engine, model, bridged)


def _nobody(target: Target, settings: Settings) -> str:
    """Return why a target can be sent to nobody, with the remedy: a guess would show the prompt to a stranger."""
    if target.provider == OWN:
        roles = ", ".join(role_id(role) for role in Role)
        return f"There is no role called {target.model}. Choose one of {roles}."
    if target.provider in settings.providers and target.model:
        return (
            f"The provider {target.provider} has no base URL. Set one in Understudy → Settings → Models and keys, or "
            "choose another model."
        )
    if not target.provider or not target.model:
        return f"{target.id} is not the name of a model. Write it as provider/model, as in openai/gpt-4.1."
    return (
        f"There is no provider called {target.provider}, so {target.id} was not sent to anybody. Write the provider "
        f"before the model, as in openrouter/{target.id}, or add a custom provider in Understudy → Settings → Models "
        "and keys."
    )


@lru_cache(maxsize=16)
def _passing_through(provider: Provider, url: str) -> Provider:
    return replace(provider, base_url=url, engine=Engine.RELAY)
