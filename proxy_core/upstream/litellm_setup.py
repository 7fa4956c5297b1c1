"""What LiteLLM fails for before it has sent anything: a package, credentials or a setting that is missing here.

Such a failure is permanent: the same request fails in the same way until the person changes something, so each error
says what to change, and none is tried again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from proxy_core.errors import KeyRefused, ProviderError, SetupIncomplete
from proxy_core.upstream.faults import Asked
from proxy_core.upstream.plain_words import scrubbed, shortened

_NO_PACKAGE: Final = (
    "{name} cannot be used: the Python package {package} is not installed. "
    "Reinstall Understudy, or choose another model."
)
_NO_PACKAGES: Final = (
    "{name} cannot be used: a Python package is missing. Reinstall Understudy, or choose another model."
)
_NO_GOOGLE: Final = (
    "{name} has no Google credentials. Run `gcloud auth application-default login`, or set "
    "GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account."
)
_OLD_GOOGLE: Final = (
    "{name} did not get an access token: Google refused the credentials of this machine. "
    "Run `gcloud auth application-default login` again, or renew the key file of the service account."
)
_NO_AWS: Final = (
    "{name} has no valid AWS credentials. Run `aws configure` or `aws sso login`, "
    "or store a key: `understudy keys set {provider}`."
)

_GOOGLE: Final = "google.auth.exceptions"
_AWS: Final = "botocore.exceptions"

# By module and name: both packages are LiteLLM's to import.
_CREDENTIALS: Final[dict[tuple[str, str], tuple[type[ProviderError], str]]] = {
    (_GOOGLE, "DefaultCredentialsError"): (SetupIncomplete, _NO_GOOGLE),
    (_GOOGLE, "RefreshError"): (KeyRefused, _OLD_GOOGLE),
    (_GOOGLE, "ReauthFailError"): (KeyRefused, _OLD_GOOGLE),
    (_GOOGLE, "MalformedError"): (SetupIncomplete, _NO_GOOGLE),
    **{
        (_AWS, kind): (SetupIncomplete, _NO_AWS)
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
            template = _NO_PACKAGE if package else _NO_PACKAGES
            return SetupIncomplete(template.format(name=asked.name, package=package), provider=asked.provider)
        for kind in type(each).__mro__:
            found = _CREDENTIALS.get((kind.__module__, kind.__name__))
            if found is not None and not getattr(each, "retryable", False):
                error, sentence = found
                message = sentence.format(name=asked.name, provider=asked.provider)
                return error(f"{message} It said: {_words(str(each), asked)}", provider=asked.provider)
    return None


def not_sent(words: str, asked: Asked) -> ProviderError:
    """Return the error for a request that LiteLLM refused by itself, for the reason in ``words``."""
    message = f"{asked.name} was not asked: its settings are not complete, or LiteLLM cannot send this request."
    return SetupIncomplete(f"{message} It said: {_words(words, asked)}", provider=asked.provider)


def _words(text: str, asked: Asked) -> str:
    return shortened(scrubbed(text, asked.secret))
