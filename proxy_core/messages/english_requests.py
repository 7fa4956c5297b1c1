"""What is said of a request: why a model answers it, why it is refused, what was left out for the model."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

REQUESTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # why a model was chosen; {asked} is the model that the client asked for
        "route.by_name": "{asked} was asked for by name",
        "route.vision": "the request has an image, which {model} cannot see → VISION",
        "route.subagent": "{asked} from a subagent → SUBAGENT",
        "route.long": "about {tokens} input tokens (over {threshold}) → LONG",
        "route.thinker": "{asked} with {purpose} → THINKER",
        "route.no_opus": "{asked} → BIG (no OPUS is set)",
        "route.role": "{asked} → {role}",
        "route.follows_big": "{reason} (not set, same as BIG)",
        "route.passthrough": "{reason}, set to passthrough",
        "route.only_provider": "{asked} is offered by {provider} only",
        "route.no_provider": "{asked} names no provider: OpenAI is used",
        "thinking.budget": "a thinking budget of {tokens}",
        "thinking.effort": "effort {effort}",
        "thinking.on": "thinking on",
        "budget.small_answers": "{why}; {reason}, so SMALL answers",
        # sizes, worded as Anthropic does: Claude Code compacts, or lowers what it asks for
        "request.prompt_too_long": "prompt is too long: {tokens} tokens > {window} maximum",
        "request.max_tokens_too_high": (
            "max_tokens: {max_tokens} > {limit}, which is the maximum allowed number of output tokens for {model}"
        ),
        # ends
        "request.process_ended": "Understudy ended before this answer was whole.",
        # the guard
        "guard.launch_ended": "The launch that this token was made for has ended. Start Claude Code again.",
        "guard.no_such_path": "There is nothing at {path}.",
        "guard.token_wrong": (
            "Understudy's local token is missing or wrong. Start Claude Code with `understudy claude`, or send the "
            "token that `understudy token` shows as x-api-key, as Authorization: Bearer or as x-understudy-token."
        ),
        "guard.one_host": "A request needs exactly one Host header.",
        "guard.wrong_host": "This address is not Understudy's.",
        "guard.web_page": "Understudy does not answer web pages.",
    }
)
