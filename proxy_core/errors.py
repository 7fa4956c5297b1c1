"""What can go wrong, each kind with its HTTP status, its Anthropic error type and a sentence that says what to do.

The statuses are chosen for what Claude Code does with them (``docs/decisions/006-errors.md``): a provider's 401 must
not reach it as 401, because it would ask the person to log in; an overflow of the context window must be worded as
Anthropic words it, because that wording starts compaction.

    UnderstudyError
    ├── RequestError            the client's request cannot be served as it is
    │   ├── InvalidRequest · PromptTooLong · MaxTokensTooHigh · UnknownPath · MethodNotAllowed
    │   ├── UnsupportedMedia · TooLarge · SlowRequest · BudgetSpent
    │   └── Unauthenticated · Refused · WrongHost
    ├── ProviderError           the provider, or the way to it, failed
    │   ├── KeyMissing · BaseUrlMissing · ProxyUnusable · SetupIncomplete · KeyRefused · OutOfCredit
    │   ├── ModelUnknown · ProviderRejected · ContextOverflow
    │   ├── RateLimited · Overloaded · ProviderFailed · ProviderTimeout · Unreachable
    │   └── StreamBroken
    ├── ConfigError             a setting, a file or a variable is wrong
    │   └── KeyringClosed · NoKeyring
    ├── LaunchError             Claude Code cannot be started on this machine
    └── InternalError           a fault of our own
"""

from __future__ import annotations

from typing import ClassVar

from proxy_core.messages import Message


class UnderstudyError(Exception):
    """The root: whatever goes wrong here has a status, a wire type and a sentence.

    ``message`` is shown to a person as it stands: a full sentence, without secrets, prompts or stack traces.
    ``retry_after`` is in seconds, as the provider gave it. ``try_again`` says whether the same request may succeed when
    sent again; when it is False the answer carries ``x-should-retry: false``. A provider may say so of a single answer.
    """

    status: ClassVar[int] = 500
    type: ClassVar[str] = "api_error"
    try_again: bool = False

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class RequestError(UnderstudyError):
    """The client's request cannot be served as it is."""

    status = 400
    type = "invalid_request_error"


class InvalidRequest(RequestError):
    """The body is not a request of the Messages API."""


class PromptTooLong(RequestError):
    """The input does not fit the model's window; worded so that Claude Code compacts."""

    def __init__(self, tokens: int, window: int) -> None:
        super().__init__(Message("request.prompt_too_long", tokens=tokens, window=window))


class MaxTokensTooHigh(RequestError):
    """More output was asked for than the model can give; worded so that Claude Code lowers it."""

    def __init__(self, asked: int, limit: int, model: str) -> None:
        super().__init__(Message("request.max_tokens_too_high", max_tokens=asked, limit=limit, model=model))


class Unauthenticated(RequestError):
    """The local token is missing or wrong."""

    status = 401
    type = "authentication_error"


class Refused(RequestError):
    """The caller may not speak to this proxy at all (a web page, another machine)."""

    status = 403
    type = "permission_error"


class WrongHost(RequestError):
    """The ``Host`` header names something that is not this proxy: DNS rebinding, or a mistaken address."""

    status = 421
    type = "permission_error"


class UnknownPath(RequestError):
    """There is nothing at this path."""

    status = 404
    type = "not_found_error"


class MethodNotAllowed(RequestError):
    """The path exists, the method does not."""

    status = 405


class SlowRequest(RequestError):
    """The request did not arrive whole in time."""

    status = 408
    type = "timeout_error"


class TooLarge(RequestError):
    """The body is over the limit."""

    status = 413
    type = "request_too_large"


class BudgetSpent(RequestError):
    """The user's own limit is reached, and they chose to stop there. 402 is shown by Claude Code at once."""

    status = 402
    type = "billing_error"


class UnsupportedMedia(RequestError):
    """The body is not declared as JSON."""

    status = 415


class ProviderError(UnderstudyError):
    """The provider, or the way to it, failed. ``provider`` is its id, ``upstream_status`` is its answer's.

    ``sent`` says whether the request may have left this machine: then it may have been billed.
    """

    status = 502
    sent: ClassVar[bool] = True

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        upstream_status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.provider = provider
        self.upstream_status = upstream_status


class ProxyUnusable(ProviderError):
    """The outgoing proxy that the environment or the settings name cannot be used, or does not let us through."""

    sent = False
    status = 400
    type = "invalid_request_error"


class KeyMissing(ProviderError):
    """No key is stored for a provider that wants one."""

    sent = False
    status = 400
    type = "invalid_request_error"


class BaseUrlMissing(ProviderError):
    """No base URL is set for a provider that has no address of its own."""

    sent = False
    status = 400
    type = "invalid_request_error"


class KeyRefused(ProviderError):
    """The provider answered 401 or 403. Not passed on as such: Claude Code would retry or ask for a login."""

    status = 400
    type = "invalid_request_error"


class SetupIncomplete(ProviderError):
    """What the provider needs on this machine is missing: a package, credentials, an address. Nothing was sent."""

    sent = False
    status = 400
    type = "invalid_request_error"


class OutOfCredit(ProviderError):
    """The provider wants money first."""

    status = 402
    type = "billing_error"


class ModelUnknown(ProviderError):
    """The provider has no such model."""

    status = 404
    type = "not_found_error"


class ProviderRejected(ProviderError):
    """The provider did not accept the request (400, 422)."""

    status = 400
    type = "invalid_request_error"


class ContextOverflow(ProviderError):
    """The provider says that the input does not fit. The message is worded as :class:`PromptTooLong` words it."""

    status = 400
    type = "invalid_request_error"


class RateLimited(ProviderError):
    """429: too many requests or tokens; ``retry_after`` where the provider said so."""

    status = 429
    type = "rate_limit_error"
    try_again = True


class Overloaded(ProviderError):
    """503 or 529: the provider is busy."""

    status = 529
    type = "overloaded_error"
    try_again = True


class ProviderFailed(ProviderError):
    """The provider answered with a fault of its own, or with something that is no answer."""

    status = 502
    try_again = True


class ProviderTimeout(ProviderError):
    """The provider did not answer in time."""

    status = 504
    type = "timeout_error"
    try_again = True


class Unreachable(ProviderError):
    """No connection to the provider: wrong address, no network, refused, TLS. Nothing of the request was sent."""

    sent = False
    status = 502
    try_again = True


class StreamBroken(ProviderError):
    """The request was sent, and the answer stopped before its end. Told as an error, never as an end."""

    status = 502
    try_again = True


class ConfigError(UnderstudyError):
    """A setting, a settings file, a variable or a keyring is wrong."""

    status = 500


class KeyringClosed(ConfigError):
    """The keyring cannot be read or written now, whatever is asked for: it is locked, or does not answer.

    Passes as soon as somebody unlocks it, and no provider was asked: the answer carries ``x-should-retry: true``.
    """

    status = 503
    try_again = True


class NoKeyring(ConfigError):
    """There is no keyring to keep anything in, so nothing can be kept in one already."""


class LaunchError(UnderstudyError):
    """Claude Code cannot be started: no terminal, a folder that is gone, a script that cannot be written."""


class InternalError(UnderstudyError):
    """A fault of our own; the message names no detail, the log does."""
