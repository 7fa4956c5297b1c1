"""What LiteLLM fails for before it has sent anything: a package, credentials or a setting that is missing here.

Such a failure is permanent: the same request fails in the same way until the person changes something, so each error
says what to change, and none is tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from proxy_core.errors import KeyRefused, ProviderError, SetupIncomplete
from proxy_core.messages import Message, sentences
from proxy_core.upstream.faults import Asked
from proxy_core.upstream.plain_words import scrubbed, shortened

_GOOGLE: Final = "google.auth.exceptions"
_AWS: Final = "botocore.exceptions"


def _no_google(asked: Asked) -> Message:
    return Message("setup.no_google_credentials", name=asked.name)


def _old_google(asked: Asked) -> Message:
    return Message("setup.google_credentials_refused", name=asked.name)


def _no_aws(asked: Asked) -> Message:
    return Message("setup.no_aws_credentials", name=asked.name, provider=asked.provider)


# By module and name: both packages are LiteLLM's to import.
_CREDENTIALS: Final[dict[tuple[str, str], tuple[type[ProviderError], Callable[[Asked], Message]]]] = {
    (_GOOGLE, "DefaultCredentialsError"): (SetupIncomplete, _no_google),
    (_GOOGLE, "RefreshError"): (KeyRefused, _old_google),
    (_GOOGLE, "ReauthFailError"): (KeyRefused, _old_google),
    (_GOOGLE, "MalformedError"): (SetupIncomplete, _no_google),
    **{
        (_AWS, kind): (SetupIncomplete, _no_aws)
        for kind in (
            "CredentialRetrievalError",
            "NoCredentialsError",
            "PartialCredentialsError",
            "ProfileNotFound",
            "SSOTokenLoadError",
            "TokenRetrievalError",
            "UnauthorizedSSOTokenError",
        )
    },
}


def missing_here(causes: Iterable[BaseException], asked: Asked) -> ProviderError | None:
    """Return the error for a missing package or missing credentials; None when the cause is another.

    ``causes`` is the failure with everything it was raised from.
    """
    for each in causes:
        if isinstance(each, ImportError):
            package = (each.name or "").partition(".")[0]
            missing = Message("setup.some_package_missing", name=asked.name)
            if package:
                missing = Message("setup.package_missing", name=asked.name, package=package)
            return SetupIncomplete(missing, provider=asked.provider)
        for kind in type(each).__mro__:
            found = _CREDENTIALS.get((kind.__module__, kind.__name__))
            if found is not None and not getattr(each, "retryable", False):
                error, message = found
                return error(sentences(message(asked), _said(str(each), asked)), provider=asked.provider)
    return None


def not_sent(words: str, asked: Asked) -> ProviderError:
    """Return the error for a request that LiteLLM refused by itself, for the reason in ``words``."""
    message = Message("setup.not_sent", name=asked.name)
    return SetupIncomplete(sentences(message, _said(words, asked)), provider=asked.provider)


def _said(text: str, asked: Asked) -> Message:
    return Message("provider.words", words=shortened(scrubbed(text, asked.secret)))
