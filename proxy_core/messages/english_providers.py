"""What is said of providers: what they answered, and what went wrong on the way to them.

``{name}`` is the provider as a person knows it, ``{provider}`` its id, ``{status}`` an HTTP status.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PROVIDERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # a bad status, or an error inside an answer
        "provider.key_refused": (
            "{name} rejected the API key ({status}). Replace it in Understudy → Settings → Models and keys, or run "
            "`understudy keys set {provider}`."
        ),
        "provider.out_of_credit": (
            "{name} requires payment ({status}): the account is out of credit. Add credit or choose another model."
        ),
        "provider.model_unknown": (
            "{name} does not have the model {model} ({status}). Choose another one in Settings → Models and keys, or "
            "check the provider's base URL."
        ),
        "provider.requested_model_unknown": (
            "{name} does not have the requested model ({status}). Choose another one in Settings → Models and keys, or "
            "check the provider's base URL."
        ),
        "provider.prompt_too_long": "prompt is too long",
        "provider.sum_too_long": (
            "input length and `max_tokens` exceed context limit: {tokens} + {max_tokens} > {window}"
        ),
        "provider.rejected": "{name} rejected the request ({status}).",
        "provider.rate_limited": "{name} is limiting the rate of requests ({status}).",
        "provider.over_minute_limit": (
            "{name} allows this account fewer tokens per minute than this one request has ({status}). Raise the "
            "account's tier or choose another model."
        ),
        "provider.overloaded": "{name} is overloaded ({status}). Try again in a moment.",
        "provider.timed_out": "{name} did not answer in time ({status}). Try again in a moment.",
        "provider.failed": "{name} failed ({status}). Try again in a moment.",
        "provider.redirects": (
            "{name} redirects requests to another address ({status}). Correct its base URL in the settings."
        ),
        "provider.invalid_status": "{name} answered with {status}, which is not the status of an answer.",
        "status.inside_answer": "an error inside its answer",
        "provider.words": "It said: {words}",
        "answer.unreadable": "an answer that cannot be read",
        "answer.web_page": "a web page",
        "answer.web_page_titled": "a web page titled “{title}”",
        "answer.not_an_answer": "something that is not an answer",
        # answers that are none
        "provider.not_an_api": ("{name} answered with {what}. Check its base URL: it usually ends in /v1."),
        "provider.empty_stream": "{name} ended its answer before it began.",
        "provider.empty_answer": "{name} sent an empty answer.",
        "provider.no_answer": "{name} sent something that is not an answer. Check its base URL.",
        "provider.unreadable": "{name} sent something that is not an answer.",
        "provider.damaged_chunk": "{name} sent a damaged answer: one of its parts is not a chunk.",
        "provider.endless_event": "{name} sent a damaged answer: an event in it has no end.",
        "provider.endless_answer": "{name} sent a damaged answer: it has no end.",
        "provider.litellm_unreadable": (
            "{name} sent an answer that LiteLLM cannot read ({kind}). Try again, or choose another model."
        ),
        # on the way
        "provider.no_answer_in_time": "{name} did not answer in time.",
        "provider.went_silent": "{name} stopped answering: nothing more came in time.",
        "provider.broke_off": "{name} broke off its answer: the connection to {place} ended early.",
        "provider.stream_ended_early": "{name} broke off its answer: the stream ended early.",
        "provider.unreachable": "{name} cannot be reached: {why}. Check the network and the provider's base URL.",
        "provider.local_unreachable": "{name} cannot be reached: {why}. Is {server} running?",
        "reach.too_slow": "{place} took too long to accept a connection",
        "reach.refused": "{place} refused the connection",
        "reach.failed": "the connection to {place} failed",
        "place.the_provider": "the provider",
        "server.local": "the local server",
        "provider.own_address": (
            "The address of {name} is Understudy's own: a request would go round for ever. Correct its base URL in the "
            "settings."
        ),
        "provider.no_base_url": "{name} has no base URL. Set one in Understudy → Settings → Models and keys.",
        # outgoing proxies
        "proxy.not_an_address": (
            "{source} is not the address of a proxy. Set it to an address like http://proxy.example:3128, or clear it."
        ),
        "proxy.kind_unsupported": (
            "{source} names a {scheme} proxy, and only http and https proxies are supported. Choose an http proxy."
        ),
        "proxy.kind_unsupported_by_variable": (
            "{source} names a {scheme} proxy, and only http and https proxies are supported. Choose an http proxy, or "
            "add {host} to NO_PROXY."
        ),
        "proxy.in_settings": "The outgoing proxy in the settings",
        "proxy.of_system": "The system's proxy",
        # what is missing on this machine
        "setup.package_missing": (
            "{name} cannot be used: the Python package {package} is not installed. Reinstall Understudy, or choose "
            "another model."
        ),
        "setup.some_package_missing": (
            "{name} cannot be used: a Python package is missing. Reinstall Understudy, or choose another model."
        ),
        "setup.no_google_credentials": (
            "{name} has no Google credentials. Run `gcloud auth application-default login`, or set "
            "GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account."
        ),
        "setup.google_credentials_refused": (
            "{name} did not get an access token: Google refused the credentials of this machine. Run `gcloud auth "
            "application-default login` again, or renew the key file of the service account."
        ),
        "setup.no_aws_credentials": (
            "{name} has no valid AWS credentials. Run `aws configure` or `aws sso login`, or store a key: `understudy "
            "keys set {provider}`."
        ),
        "setup.not_sent": ("{name} was not asked: its settings are not complete, or LiteLLM cannot send this request."),
        "demo.no_such_model": "There is no demo model named {model}. There are: {models}.",
        # lists of models
        "models.late": "{name} did not list its models within {seconds:g} seconds.",
        "models.unreachable": "{name} cannot be reached at {place}. Check the address and the network.",
        "models.key_refused": "{name} rejected the API key ({status}).",
        "models.not_a_list": "{name} answered {status} at {place}, not with a list of models.",
    }
)
