"""What LiteLLM 1.110.2 gets wrong on the way to a provider, each thing put right in its own classes.

The classes are handed in by the one room that imports LiteLLM. Each repair may be made twice without harm, and each has
a test in ``tests/upstream/test_litellm_repairs.py`` that fails without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from proxy_core.upstream import litellm_cohere

_BAD_ENDS: Final = (
    *("error", "ERROR", "network_error"),
    *("MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE"),
)
"""Finish reasons that LiteLLM calls ``stop``, and which are none. (``UNEXPECTED_TOOL_CALL`` comes with a good call.)"""


class _FinishReasons(dict[str, str]):
    """LiteLLM's table of finish reasons, where a word that it does not know stays as it is."""

    def get(self, reason: str, _default: Any = None) -> str:
        return super().get(reason, reason)


def keep_bad_ends(helpers: Any) -> None:
    """Of ``core_helpers``: a fault, or a word that is in no table, is not made the ``stop`` of a good end."""
    table = helpers._FINISH_REASON_MAP  # noqa: SLF001 - each of its modules has the function that reads it by name
    if not isinstance(table, _FinishReasons):
        helpers._FINISH_REASON_MAP = _FinishReasons({**table, **{reason: reason for reason in _BAD_ENDS}})  # noqa: SLF001


def ask_no_hub(utils: Any, templates: Any) -> None:
    """Of ``utils`` and ``huggingface_template_handler``: nothing is asked of huggingface.co, which nobody chose.

    LiteLLM looks there for a model's window and chat template, also where the provider's address is the user's own.
    Without an answer it takes its defaults.
    """

    def absent(**_model: str) -> dict[str, str]:
        return {"status": "failure"}

    async def absent_too(**_model: str) -> dict[str, str]:
        return {"status": "failure"}

    utils._get_max_position_embeddings = lambda _model: None  # noqa: SLF001 - no public switch
    templates.get_tokenizer_config = templates.get_chat_template_file = absent
    templates.aget_tokenizer_config = templates.aget_chat_template_file = absent_too


def take_answers_without_tier(base: Any) -> None:
    """Of ``OpenAILikeChatConfig``: an answer that names no ``service_tier`` is one for Groq's class, too."""

    def make(transform: Any) -> Any:
        def transforming(self: Any, *given: Any, **named: Any) -> Any:
            made = transform(self, *given, **named)
            if not hasattr(made, "service_tier"):
                made.service_tier = None
            return made

        return transforming

    _once(base, "transform_response", make)


def ask_no_model_info(info: Any) -> None:
    """Of ``OllamaModelInfo``: no question of its own, which it asks in the event loop and waits for, after each call.

    What it would learn (the model's window) the catalogue finds by itself.
    """

    def make(_ask: Any) -> Any:
        def answering(_self: Any, model: str, **_where: Any) -> dict[str, Any]:
            return {"key": model, "litellm_provider": "ollama", "mode": "chat"}

        return answering

    _once(info, "get_runtime_model_info", make)


def read_cohere(config: Any, reader: Any, make_chunk: Callable[..., Any], make_message: Callable[..., Any]) -> None:
    """Of ``CohereV2ChatConfig``: its answers as :mod:`~proxy_core.upstream.litellm_cohere` reads them.

    ``reader`` is ``BaseModelResponseIterator``; ``make_chunk`` and ``make_message`` make LiteLLM's values from dicts.
    """

    class Events(reader):  # type: ignore[misc]  # a class of LiteLLM, which has no types here
        def chunk_parser(self, chunk: dict[str, Any]) -> Any:
            return make_chunk(**litellm_cohere.chunk_of(chunk))

    def make_reading(_read: Any) -> Any:
        def reading(_self: Any, streaming_response: Any, sync_stream: bool, json_mode: bool | None = False) -> Any:
            return Events(streaming_response, sync_stream, json_mode)

        return reading

    def make_transforming(transform: Any) -> Any:
        def transforming(self: Any, model: str, raw_response: Any, **named: Any) -> Any:
            made = transform(self, model=model, raw_response=raw_response, **named)
            answer = raw_response.json()
            reason = litellm_cohere.FINISH.get(str(answer.get("finish_reason")))
            if reason is None:
                raise self.get_error_class(f"It ended with {answer.get('finish_reason')}.", 502, raw_response.headers)
            made.choices[0].message = make_message(**litellm_cohere.message_of(answer))
            made.choices[0].finish_reason = reason
            return made

        return transforming

    _once(config, "get_model_response_iterator", make_reading)
    _once(config, "transform_response", make_transforming)


def count_later(main: Any) -> None:
    """Of the module ``litellm.main``: its tokenizer, which each call is given and hardly one asks, waits to be asked.

    Loading it takes 200 ms, for 70 to 130 of which nothing else runs in this process, and 41 MB.
    """
    vars(main).setdefault("encoding", _Later(main._load_default_encoding))  # noqa: SLF001 - no public way to it


def price_nothing(logging: Any) -> None:
    """Of ``Logging``: no price of an answer. The ledger has its own, and for this one the words would be counted."""

    def make(_price: Any) -> Any:
        def pricing(_self: Any, *_given: Any, **_named: Any) -> None:
            return None

        return pricing

    _once(logging, "response_cost_calculator", make)


class _Later:
    """A value that is made when something is wanted of it."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        return getattr(self._make(), name)


def _once(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put what ``make`` makes of ``owner.name`` in its place, unless that was done before."""
    found = getattr(owner, name)
    if getattr(found, "repaired", False):
        return
    made = make(found)
    made.repaired = True
    setattr(owner, name, made)
