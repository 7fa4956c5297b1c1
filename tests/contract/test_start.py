"""``understudy serve`` is small, and has loaded nothing that it does not need yet."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.contract.serving_openai import KEY
from tests.support import processes

VARIABLES: Final = {"OPENAI_API_KEY": KEY}
FITS_IN: Final = 75_000_000
"""Bytes of resident memory while it waits."""


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is counted differently elsewhere")
async def test_it_is_small(tmp_path: Path) -> None:
    async with processes.serving(tmp_path / "understudy", variables=VARIABLES) as understudy:
        assert psutil.Process(understudy.process.pid).memory_info().rss < FITS_IN


@pytest.mark.parametrize(("arguments", "is_loaded"), [((), False), (("--engine", "openai=litellm"), True)])
async def test_litellm_is_loaded_where_a_role_needs_it(
    arguments: tuple[str, ...], is_loaded: bool, tmp_path: Path
) -> None:
    variables = {**VARIABLES, "PYTHONPROFILEIMPORTTIME": "1"}
    async with processes.serving(tmp_path / "understudy", *arguments, variables=variables) as understudy:
        deadline = time.monotonic() + 120
        while is_loaded and " litellm\n" not in understudy.printed and time.monotonic() < deadline:
            time.sleep(0.1)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in understudy.printed.split("\n")}
    assert ("litellm" in imported) == is_loaded
    assert not {"PySide6", "tomlkit"} & imported
    assert "uvicorn" in imported
