"""What is really there now: local servers that answer, and the models that a provider's own list names."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, assert_never
from urllib.parse import urlsplit

from proxy_core.anthropic_api.json_text import loads
from proxy_core.catalogue.listing import Listed, listed
from proxy_core.catalogue.values import Provider
from proxy_core.config import http_client
from proxy_core.config.environment import is_loopback
from proxy_core.config.outbound_policy import OutboundPolicy
from proxy_core.config.secret import Secret
from proxy_core.config.settings import Engine
from proxy_core.errors import KeyRefused, ProviderFailed, ProviderTimeout, Unreachable
from proxy_core.messages import Message

if TYPE_CHECKING:
    import httpx

_MAX_LIST: Final = 8 * 1024 * 1024
"""Bytes of a model list; OpenRouter's, the longest known, is under one MiB."""

_ANTHROPIC_VERSION: Final = "2023-06-01"

_OWNERS: Final[Mapping[str, str]] = MappingProxyType(
    {"library": "ollama", "vllm": "hosted_vllm", "llamacpp": "llama_cpp", "organization_owner": "lm_studio"}
)
"""What a local server puts into ``owned_by`` of its models, each with the provider that it is."""


@dataclass(frozen=True, slots=True)
class NativeList:
    """Where a provider that LiteLLM reaches lists its models, and the header its key is sent in."""

    url: str
    header: str
    scheme: str = ""


NATIVE_LISTS: Final[Mapping[str, NativeList]] = MappingProxyType(
    {
        "cohere": NativeList("https://api.cohere.com/v1/models?page_size=1000", "Authorization", "Bearer "),
        "gemini": NativeList("https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000", "x-goog-api-key"),
    }
)


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server on this machine that answered: which provider it is, where, and its models."""

    provider: str
    base_url: str
    models: tuple[Listed, ...]


async def local_servers(
    providers: Iterable[Provider], *, seconds: float = 1.0, transport: httpx.AsyncBaseTransport | None = None
) -> tuple[LocalServer, ...]:
    """The servers on this machine that answer at the local ``providers``' addresses, all asked at once.

    No key is sent and no address beyond loopback is asked. A server is told by what it says of itself where several
    providers share an address; what does not answer with a model list within ``seconds`` is not there.
    """
    by_address: dict[str, str] = {}
    for provider in providers:
        if provider.engine is Engine.DIRECT and is_loopback(urlsplit(provider.base_url).hostname or ""):
            by_address.setdefault(provider.base_url, provider.id)
    found = await asyncio.gather(*(_look(url, id_, seconds, transport) for url, id_ in by_address.items()))
    return tuple(server for server in found if server is not None)


async def list_models(
    provider: Provider,
    key: Secret | None,
    policy: OutboundPolicy,
    *,
    seconds: float = 10.0,
    transport: httpx.AsyncBaseTransport | None = None,
) -> tuple[Listed, ...] | None:
    """The models that ``provider`` itself lists for ``key``, by name; None where it has no list to ask.

    A redirect is not followed: the key goes to ``provider.base_url`` alone. Raises :class:`KeyRefused`,
    :class:`ProviderFailed`, :class:`ProviderTimeout`, :class:`ProxyUnusable` or :class:`Unreachable`.
    """
    match provider.engine:
        case Engine.DIRECT:
            url = provider.base_url + "/models"
            headers = {"Authorization": f"Bearer {key.reveal()}"} if key else {}
        case Engine.RELAY:
            url = provider.base_url + "/v1/models?limit=1000"
            headers = {"anthropic-version": _ANTHROPIC_VERSION, **({"x-api-key": key.reveal()} if key else {})}
        case Engine.LITELLM if not provider.base_url and key and (native := NATIVE_LISTS.get(provider.id)):
            url = native.url
            headers = {native.header: native.scheme + key.reveal()}
        case Engine.LITELLM | Engine.DEMO:
            return None
        case _:
            assert_never(provider.engine)
    import httpx  # noqa: PLC0415 - 0.1 s, and start-up needs no list

    encoded = {name.encode(): value.encode() for name, value in headers.items()}  # httpx takes ASCII alone as str
    try:
        async with (
            asyncio.timeout(seconds),
            http_client.async_client(url, policy, seconds=seconds, transport=transport) as client,
            client.stream("GET", url, headers=encoded) as response,
        ):
            return _models(provider.id, await _list(response, provider))
    except (TimeoutError, httpx.TimeoutException) as error:
        raise ProviderTimeout(
            Message("models.late", name=provider.name, seconds=seconds), provider=provider.id
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable(
            Message("models.unreachable", name=provider.name, place=_place(url)),
            provider=provider.id,
        ) from error


async def _list(response: httpx.Response, provider: Provider) -> list[Mapping[str, Any]]:
    """The entries of a good answer; the rest is raised."""
    if response.status_code in (401, 403):
        raise KeyRefused(
            Message("models.key_refused", name=provider.name, status=response.status_code),
            provider=provider.id,
            upstream_status=response.status_code,
        )
    entries = await _entries(response)
    if entries is None:
        where = _place(str(response.url))
        raise ProviderFailed(
            Message("models.not_a_list", name=provider.name, status=response.status_code, place=where),
            provider=provider.id,
            upstream_status=response.status_code,
        )
    return entries


async def _look(
    base_url: str, expected: str, seconds: float, transport: httpx.AsyncBaseTransport | None
) -> LocalServer | None:
    import httpx  # noqa: PLC0415 - as above

    url = f"{base_url}/models"
    try:
        async with (
            asyncio.timeout(seconds),
            http_client.async_client(url, None, seconds=seconds, transport=transport) as client,
            client.stream("GET", url) as response,
        ):
            entries = await _entries(response)
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL):  # nothing there, or nothing that speaks HTTP
        return None
    if entries is None:
        return None
    owners = [entry.get("owned_by") for entry in entries]
    told = next((_OWNERS[owner] for owner in owners if isinstance(owner, str) and owner in _OWNERS), expected)
    return LocalServer(told, base_url, _models(told, entries))


async def _entries(response: httpx.Response) -> list[Mapping[str, Any]] | None:
    """The ``data`` of a model list; None when the answer is anything else."""
    if response.status_code != 200:
        return None
    body = await http_client.aread(response, _MAX_LIST)
    try:
        answer = None if body is None else loads(body)
    except ValueError:
        return None
    # Together's list has no envelope; Gemini's and Cohere's is called otherwise, and so are the names in it.
    name = "id"
    if isinstance(answer, Mapping):
        name = "id" if "data" in answer else "name"
        answer = answer.get("data", answer.get("models"))
    if not isinstance(answer, list) or not all(isinstance(entry, Mapping) and entry.get(name) for entry in answer):
        return None
    return answer


def _models(provider: str, entries: list[Mapping[str, Any]]) -> tuple[Listed, ...]:
    """Each name once, in their order."""
    by_name = {found.name: found for found in (listed(provider, entry) for entry in entries)}
    return tuple(by_name[name] for name in sorted(by_name))


def _place(url: str) -> str:
    """The address without its query and its last step, which is only where the list stands."""
    return url.partition("?")[0].rpartition("/")[0]
