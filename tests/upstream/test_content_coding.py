"""A body that comes packed is read as what it was before."""

from __future__ import annotations

import gzip
import zlib

import pytest

from proxy_core.upstream.connection import Damaged, Headers
from proxy_core.upstream.content_coding import reading

TEXT = b"Gr\xc3\xbc\xc3\x9fe " * 1000


class Arrived:
    """An answer that is here already, in these pieces."""

    status = 200
    is_whole = False

    def __init__(self, coding: str, pieces: list[bytes]) -> None:
        self.headers: Headers = ((b"Content-Encoding", coding.encode()),) if coding else ()
        self._pieces = pieces

    async def read(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def allow_silence(self, seconds: float) -> None:
        pass

    def let_go(self) -> None:
        pass


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


async def unpacked(coding: str, data: bytes, piece: int) -> list[bytes]:
    read = reading(Arrived(coding, [data[start : start + piece] for start in range(0, len(data), piece)]))
    got = []
    while data := await read():
        got.append(data)
    return got


@pytest.mark.parametrize("piece", [1, 9, 100_000])
@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("utf-8", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("X-GZip", gzip.compress(TEXT, mtime=0)),
        ("gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]) + gzip.compress(b"")),
        ("gzip", gzip.compress(TEXT) + bytes(512)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
    ],
)
async def test_however_it_is_cut(coding: str, data: bytes, piece: int) -> None:
    assert b"".join(await unpacked(coding, data, piece)) == TEXT


@pytest.mark.parametrize(("coding", "data"), [("br", TEXT), ("zstd", TEXT), ("gzip", b"no gzip at all")])
async def test_what_cannot_be_unpacked_is_damaged(coding: str, data: bytes) -> None:
    with pytest.raises(Damaged):
        await unpacked(coding, data, 100)


async def test_a_bomb_comes_a_megabyte_at_a_time() -> None:
    got = await unpacked("gzip", gzip.compress(bytes(20_000_000)), 100_000)
    assert sum(map(len, got)) == 20_000_000
    assert max(map(len, got)) <= 1024 * 1024


@pytest.mark.parametrize("more", [1, 2, 130, 257])
async def test_a_large_one_does_not_lose_its_last_bytes(more: int) -> None:
    data = b"a" * (1024 * 1024 + more)
    assert b"".join(await unpacked("deflate", raw_deflate(data), 100_000)) == data
