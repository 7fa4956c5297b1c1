"""A request through an outgoing proxy that is reached by TLS itself, in a process that trusts both certificates.

``SSL_CERT_FILE`` has to name them before aiohttp is imported. Arguments: the proxy's certificate, the provider's.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from pathlib import Path

from proxy_core.config.settings import Timeouts
from proxy_core.upstream.http import Http

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def serving(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(certificate))
    return context


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n{}")
    writer.write(OK)
    await writer.drain()
    writer.close()


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except OSError:
        pass
    finally:
        writer.close()


async def main(proxys: str, providers: str) -> None:
    provider = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=serving(providers))

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        print(asked.decode().splitlines()[0])
        there = await asyncio.open_connection(*provider.sockets[0].getsockname())
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pipe(reader, there[1]), pipe(there[0], writer))

    proxy = await asyncio.start_server(tunnel, "127.0.0.1", 0, ssl=serving(proxys))
    http = Http(f"https://localhost:{proxy.sockets[0].getsockname()[1]}")
    got = await http.ask("POST", "https://models.example/v1", (), b"{}", Timeouts(connect=30, first_chunk=30))
    print((await got.read()).decode())
    got.let_go()
    await http.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
