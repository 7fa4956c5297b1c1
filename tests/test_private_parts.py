"""The parts of LiteLLM and uvicorn that are not public and that this project uses are those it was written against.

Both are pinned exactly. After a new pin a part that fails here has changed: read it beside our code that uses it, then
write the new digest down.
"""

from __future__ import annotations

import ast
import hashlib
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement

from tests.test_supply_chain import PROJECT

PARTS: Final = {
    # litellm_transport: each client of LiteLLM's gets its transport here, and sends through it
    "litellm.llms.custom_httpx.http_handler:AsyncHTTPHandler.create_async_transport": "71a9fd956c6d",
    "litellm.llms.custom_httpx.http_handler:AsyncHTTPHandler.create_client": "79f8f4a73ab0",
    "litellm.llms.custom_httpx.http_handler:AsyncHTTPHandler.should_use_aiohttp_transport": "7a64fdf29ce1",
    "litellm.llms.custom_httpx.aiohttp_transport:LiteLLMAiohttpTransport.handle_async_request": "c60ac53a5b84",
    "litellm.llms.openai.common_utils:BaseOpenAILLM._get_async_http_client": "2187503bcbf9",
    # litellm_engine: closing
    "litellm.litellm_core_utils.logging_worker:LoggingWorker.stop": "906c8a7f4ecd",
    "litellm.llms.custom_httpx.async_client_cleanup:close_litellm_async_clients": "81b7f4658d3f",
    # litellm_repairs
    "litellm.main:_load_default_encoding": "924599799f01",
    "litellm.main:__getattr__": "969368923c78",
    "litellm.litellm_core_utils.litellm_logging:Logging.response_cost_calculator": "5b38bb7f854b",
    "litellm.llms.openai_like.chat.transformation:OpenAILikeChatConfig.transform_response": "a09f0851dcb7",
    "litellm.llms.ollama.common_utils:OllamaModelInfo.get_runtime_model_info": "82664b994434",
    "litellm.llms.cohere.chat.v2_transformation:CohereV2ChatConfig.get_model_response_iterator": "852866c3607c",
    "litellm.llms.cohere.chat.v2_transformation:CohereV2ChatConfig.transform_response": "9206f3b57c14",
    "litellm.llms.base_llm.base_model_iterator:BaseModelResponseIterator": "d61f2e588b92",
    # finish_witness, litellm_faults
    "litellm.litellm_core_utils.streaming_handler:CustomStreamWrapper.__anext__": "353da2f4f8db",
    "litellm.litellm_core_utils.streaming_handler:CustomStreamWrapper.fetch_stream": "65da47c1a247",
    "litellm.litellm_core_utils.streaming_handler:CustomStreamWrapper.finish_reason_handler": "2aaad9204648",
    "litellm.litellm_core_utils.streaming_handler:CustomStreamWrapper._finalize_completed_stream": "681c57f4a737",
    "litellm.litellm_core_utils.streaming_handler:CustomStreamWrapper._handle_stream_fallback_error": "94bce28d9de5",
    "litellm.exceptions:MidStreamFallbackError": "760de7933d32",
    # runtime.heads, runtime.serving
    "uvicorn.protocols.http.httptools_impl:HttpToolsProtocol": "ae3ad6c54108",
    "uvicorn.protocols.http.httptools_impl:RequestResponseCycle": "4523b6e76884",
    "uvicorn.server:Server": "15dd73f8eb1c",
}


@pytest.mark.parametrize(("part", "digest"), PARTS.items(), ids=lambda value: value.rpartition(":")[2])
def test_a_part_that_is_not_public_is_as_it_was_read(part: str, digest: str) -> None:
    module, _, path = part.partition(":")
    assert hashlib.sha256(source(module, path).encode()).hexdigest()[:12] == digest


def source(module: str, path: str) -> str:
    """The text of a function or class in an installed module, which is not imported: ours may have changed it."""
    package, *below = module.split(".")
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    text = Path(spec.submodule_search_locations[0], *below).with_suffix(".py").read_text("utf-8")
    found: ast.AST = ast.parse(text)
    for name in path.split("."):
        found = next(
            each
            for each in ast.iter_child_nodes(found)
            if isinstance(each, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and each.name == name
        )
    return ast.get_source_segment(text, found) or ""


@pytest.mark.parametrize("name", ["litellm", "uvicorn"])
def test_what_is_built_on_that_deeply_is_pinned_exactly(name: str) -> None:
    (declared,) = [wanted for wanted in map(Requirement, PROJECT["project"]["dependencies"]) if wanted.name == name]
    assert str(declared.specifier) == f"=={version(name)}"
