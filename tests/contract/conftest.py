"""Understudy in front of a scripted OpenAI, once per module and engine: loading LiteLLM takes seconds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.contract.serving_openai import ENGINES, serving_openai
from tests.support.chat_server import ChatServer, Script, chat_server, text_stream


@dataclass(frozen=True, slots=True)
class Stage:
    """Understudy at ``address``, and behind it a ``model`` that plays what it is given."""

    address: str
    model: ChatServer

    def plays(self, *scripts: Script) -> None:
        """The model's next answers; what it was asked before is forgotten."""
        self.model.scripts[:] = scripts
        self.model.requests.clear()


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=ENGINES)
async def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with (
        chat_server(text_stream("Nothing was staged.")) as model,
        serving_openai(model.base_url, tmp_path_factory.mktemp("stage"), request.param) as understudy,
    ):
        yield Stage(understudy.address, model)
