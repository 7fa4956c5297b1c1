"""The litellm engine: every provider that LiteLLM knows, behind the one door through which LiteLLM is imported."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import sys
import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, Self

from proxy_core.config.outbound_policy import OutboundPolicy
from proxy_core.errors import BaseUrlMissing, ProviderError, ProviderTimeout, StreamBroken
from proxy_core.messages import Message
from proxy_core.upstream import faults, litellm_repairs, litellm_transport
from proxy_core.upstream.faults import Asked, BadAnswer
from proxy_core.upstream.finish_witness import FinishWitness
from proxy_core.upstream.litellm_faults import ended_early, no_answer, translated
from proxy_core.upstream.port import Chunk, UpstreamCall, as_chunk

PASSED: Final = frozenset(
    {
        "messages",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "top_k",
        "stop",
        "stream",
        "stream_options",
        "response_format",
        "reasoning",
        "reasoning_effort",
        "thinking",
        "verbosity",
        "web_search_options",
        "prompt_cache_key",
        "safety_identifier",
        "service_tier",
        "user",
        "seed",
        "n",
        "presence_penalty",
        "frequency_penalty",
        "logit_bias",
    }
)
"""What of a body reaches LiteLLM. It takes ``api_base``, ``api_key``, ``extra_headers``, ``mock_response`` and
dozens of other steering words from the same keyword arguments; none of those may come from a request."""

BEFORE_IMPORT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "LITELLM_MODE": "PRODUCTION",  # else it loads a .env of the working directory into the environment
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches prices over the network
        "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",  # likewise
        "LITELLM_LOG": "CRITICAL",  # its log lines hold prompts
        "REPEATED_STREAMING_CHUNK_LIMIT": "1000000000",  # else a hundred equal chunks end a stream
        # The transport that litellm_transport limits, and no proxy but the one it chooses.
        "DISABLE_AIOHTTP_TRANSPORT": "False",
        "LITELLM_HTTP2": "False",
        "AIOHTTP_TRUST_ENV": "False",
        "DISABLE_AIOHTTP_TRUST_ENV": "False",
    }
)

_SWITCHES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "telemetry": False,
        "suppress_debug_info": True,
        "turn_off_message_logging": True,
        "disable_streaming_logging": True,
        "drop_params": True,  # else a parameter that a provider does not take raises
        "num_retries": 0,  # retries are the caller's
        "disable_hf_tokenizer_download": True,  # else the first llama waits for a download
        # What it looks for last where a provider of OpenAI's format has no key: else OPENAI_API_KEY, whoever it is.
        "openai_key": "none",
    }
)

_CALLBACKS: Final = (
    "callbacks",
    "input_callback",
    "success_callback",
    "failure_callback",
    "_async_success_callback",
    "_async_failure_callback",
)

_LOGGERS: Final = ("LiteLLM", "LiteLLM Proxy", "LiteLLM Router")

_OWN_NAMES: Final[Mapping[str, str]] = MappingProxyType({"ollama": "ollama_chat", "vllm": "hosted_vllm"})
"""Where LiteLLM's better route to a provider has another name: of Ollama's two APIs only the chat API takes tools, and
its own ``vllm`` runs the model in this process."""

_AT_OPENAI: Final = frozenset(
    {
        "ai21",
        "aiohttp_openai",
        "custom_openai",
        "hosted_vllm",
        "litellm_proxy",
        "lm_studio",
        "text-completion-openai",
        "vllm",
        "xinference",
    }
)
"""Providers whose calls LiteLLM sends to ``OPENAI_BASE_URL`` or OpenAI itself where it is given no other address."""

_TAKES_OPENAI_KEY: Final = frozenset({"text-completion-inception"})
"""Asked through OpenAI's own client without a key, which then takes OPENAI_API_KEY (1.106)."""

_SIGNING: Final = frozenset({"bedrock"})
"""Those that are asked without a key by signing the request, as with AWS's own tools: the secret itself stays here."""


class LiteLLM:
    """Calls ``litellm.acompletion`` with its habits switched off.

    LiteLLM takes seconds to import; it is loaded in a thread by the first call, or ahead of it by :meth:`warm_up`.
    """

    def __init__(self, outgoing_proxy: str = "", *, now: Callable[[], float] = time.time) -> None:
        self._policy = OutboundPolicy(outgoing_proxy)
        self._now = now
        self._litellm: Any = None

    async def warm_up(self) -> None:
        """Import LiteLLM in a thread, so that the first call need not. Raises what the import raises."""
        if self._litellm is None:
            self._litellm = await asyncio.to_thread(_load)

    async def open(self, call: UpstreamCall) -> LiteLLMStream:
        """Send the call; return when the first chunk is here, since some providers fail only then."""
        asked = faults.asked_by(call)
        with litellm_transport.attempt(self._policy, call.timeouts.connect, asked) as sent:
            try:
                await self.warm_up()
                async with asyncio.timeout(call.timeouts.first_chunk):
                    return await self._open(call, asked, sent)
            except TimeoutError as late:
                raise ProviderTimeout(
                    Message("provider.no_answer_in_time", name=asked.name), provider=asked.provider
                ) from late
            except ProviderError:
                raise
            except Exception as failed:  # LiteLLM lets through whatever its code stumbles over
                if litellm_transport.is_no_answer(sent):
                    raise faults.no_answer(asked) from failed
                raise translated(failed, asked, call.base_url, self._now(), sent=sent.any_left) from failed

    async def _open(self, call: UpstreamCall, asked: Asked, sent: litellm_transport.Attempt) -> LiteLLMStream:
        answer = await self._litellm.acompletion(**_arguments(self._litellm, call))
        if answer is None:  # it gives up in silence when a repeated request gets a second 422
            raise faults.from_answer(sent.refusal or BadAnswer(422), asked)
        stream = LiteLLMStream(answer, call, asked, self._now)
        try:
            await stream.begin(sent)
        except BaseException:
            await stream.aclose()
            raise
        return stream

    async def aclose(self) -> None:
        """Close LiteLLM's cached connections and stop its background worker, if it was ever loaded."""
        if self._litellm is None:
            return
        from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER  # noqa: PLC0415
        from litellm.llms.custom_httpx.async_client_cleanup import close_litellm_async_clients  # noqa: PLC0415

        await GLOBAL_LOGGING_WORKER.stop()
        await close_litellm_async_clients()  # type: ignore[no-untyped-call]
        self._litellm.in_memory_llm_clients_cache.flush_cache()
        if (shared := vars(self._litellm).get("module_level_aclient")) is not None:
            # Only its connections: the client itself serves later calls of this process.
            await shared.client._transport.aclose()  # noqa: SLF001 - no public way to it


class LiteLLMStream:
    """The answer to one call: a :class:`~proxy_core.upstream.port.ChunkStream`."""

    def __init__(self, answer: Any, call: UpstreamCall, asked: Asked, now: Callable[[], float]) -> None:
        self.upstream_id = ""
        self.declared_end = False
        self._answer = answer
        self._call = call
        self._asked = asked
        self._now = now
        self._witness = FinishWitness(answer)
        self._ready: Chunk | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Chunk]:
        if self._ready is not None:
            batch, self._ready = [self._ready], None
            return batch
        if self.declared_end and not self._streams:
            raise StopAsyncIteration
        try:
            async with asyncio.timeout(self._call.timeouts.between_chunks):
                return [await self._next()]
        except TimeoutError as late:
            message = Message("provider.went_silent", name=self._asked.name)
            raise ProviderTimeout(message, provider=self._asked.provider) from late
        except (ProviderError, StopAsyncIteration):
            raise
        except Exception as failed:  # as above
            raise translated(failed, self._asked, self._call.base_url, self._now(), begun=True) from failed

    async def begin(self, sent: litellm_transport.Attempt) -> None:
        """Wait for the first chunk. Raises what LiteLLM raises, and :class:`ProviderError`."""
        if not self._streams:
            if litellm_transport.is_no_answer(sent):
                raise faults.no_answer(self._asked)
            self._ready = as_chunk(_plain(self._answer))
            self.declared_end = True
        else:
            self._witness.watch()
            try:
                self._ready = await self._next()
            except (StopAsyncIteration, StreamBroken) as empty:
                if litellm_transport.is_no_answer(sent):
                    raise faults.no_answer(self._asked) from empty
                raise no_answer(self._asked) from empty
        self.upstream_id = str((self._ready or {}).get("id") or "")

    async def aclose(self) -> None:
        """Let go: the connection upstream is closed, also in the middle of an answer."""
        if self._streams:
            with contextlib.suppress(Exception):  # nobody waits for this answer any more
                await self._answer.aclose()

    @property
    def _streams(self) -> bool:
        return isinstance(self._answer, AsyncIterator)

    async def _next(self) -> Chunk:
        chunk = await anext(self._answer)
        if self._witness.made_up(chunk):
            raise ended_early(self._asked)
        made = _plain(chunk)
        if "usage" in made and not any(getattr(each, "usage", None) for each in self._answer.chunks):
            # LiteLLM counts for itself what the provider did not tell: a guess that would look like the truth.
            del made["usage"]
        if any(choice.get("finish_reason") for choice in made.get("choices") or ()):
            self.declared_end = True
        return made


def _load() -> Any:
    """LiteLLM with what it would do of its own accord switched off. Doing it twice does no harm."""
    os.environ.update(BEFORE_IMPORT)
    with _no_garbage_collected(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import litellm  # noqa: PLC0415 - the reason for this room
        from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler  # noqa: PLC0415

        _repair(litellm)
    for module in ("pydantic", "litellm"):
        warnings.filterwarnings("ignore", module=rf"{module}(\..*)?$")
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = False
        logger.disabled = True
    for name, value in _SWITCHES.items():
        setattr(litellm, name, value)
    for name in _CALLBACKS:
        getattr(litellm, name).clear()
    litellm_transport.limit(AsyncHTTPHandler)
    return litellm


@contextlib.contextmanager
def _no_garbage_collected() -> Iterator[None]:
    """For as long as LiteLLM is imported; what there is then is never looked through again.

    It makes objects by the hundred thousand, which live as long as the process. Python would go through all of them
    again and again meanwhile, and once more afterwards; nothing else runs then, for 190 to 400 ms at a time. What is
    garbage at that moment stays; it did not show in the memory.
    """
    if "litellm" in sys.modules:
        yield
        return
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()


def _repair(litellm: Any) -> None:
    from litellm import main, utils  # noqa: PLC0415 - as in _load
    from litellm.litellm_core_utils import core_helpers  # noqa: PLC0415
    from litellm.litellm_core_utils.litellm_logging import Logging  # noqa: PLC0415
    from litellm.litellm_core_utils.prompt_templates import huggingface_template_handler  # noqa: PLC0415
    from litellm.llms.base_llm.base_model_iterator import BaseModelResponseIterator  # noqa: PLC0415
    from litellm.llms.cohere.chat.v2_transformation import CohereV2ChatConfig  # noqa: PLC0415
    from litellm.llms.ollama.common_utils import OllamaModelInfo  # noqa: PLC0415
    from litellm.llms.openai_like.chat.transformation import OpenAILikeChatConfig  # noqa: PLC0415
    from litellm.types.utils import ModelResponseStream  # noqa: PLC0415

    litellm_repairs.keep_bad_ends(core_helpers)
    litellm_repairs.ask_no_hub(utils, huggingface_template_handler)
    litellm_repairs.count_later(main)
    litellm_repairs.price_nothing(Logging)
    litellm_repairs.take_answers_without_tier(OpenAILikeChatConfig)
    litellm_repairs.ask_no_model_info(OllamaModelInfo)
    litellm_repairs.read_cohere(CohereV2ChatConfig, BaseModelResponseIterator, ModelResponseStream, litellm.Message)


def _arguments(litellm: Any, call: UpstreamCall) -> dict[str, Any]:
    provider = _OWN_NAMES.get(call.provider, call.provider)
    base_url = call.base_url
    if call.provider == "ollama":
        base_url = base_url.rstrip("/").removesuffix("/v1")
    is_listed = provider in litellm.provider_list
    if not base_url and (not is_listed or provider in _AT_OPENAI):
        name = call.provider_name or call.provider
        raise BaseUrlMissing(Message("provider.no_base_url", name=name), provider=call.provider)
    if not is_listed:  # one of the user's own, or one that LiteLLM knows by its data alone: it has an address
        provider = "openai"
    arguments: dict[str, Any] = {key: value for key, value in call.body.items() if key in PASSED}
    arguments |= {
        "model": f"{provider}/{call.model}",
        "api_key": _key(call),
        "timeout": call.timeouts.first_chunk,
        "num_retries": 0,
        "max_retries": 0,
        "drop_params": True,
        "_skip_mcp_handler": True,
    }
    if base_url:
        arguments["api_base"] = base_url
    if call.headers:
        arguments["extra_headers"] = dict(call.headers)
    return arguments


def _plain(answer: Any) -> dict[str, Any]:
    """One of LiteLLM's values as a plain dict, without fields that are None."""
    made: dict[str, Any] = answer.model_dump(exclude_none=True, warnings=False)
    return made


def _key(call: UpstreamCall) -> str | None:
    if call.api_key:
        return call.api_key.reveal()
    if call.provider in _SIGNING:
        return None
    # Without one LiteLLM takes what it finds in the environment, and would send it to any base URL.
    return "none" if call.base_url or call.provider in _TAKES_OPENAI_KEY else None
