"""TLS to a provider: the system's store decides, and a name has to be the certificate's."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy_core.config.settings import Timeouts
from proxy_core.errors import Unreachable
from proxy_core.upstream.connection_faults import on_the_way
from proxy_core.upstream.faults import Asked
from proxy_core.upstream.http import Http
from tests.support.chat_server import Hang, chat_server

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate with its key, in one file."""
    cryptography = pytest.importorskip("cryptography", reason="comes with the keyring's backend on Linux alone")
    assert cryptography
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


@asynccontextmanager
async def tls_server(file: Path) -> AsyncIterator[str]:
    """Its address, under the name ``localhost``."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n{}"):
                writer.write(OK)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"


async def ask(http: Http, url: str) -> bytes:
    answer = await http.ask("POST", url, (), b"{}", Timeouts(connect=5, first_chunk=5))
    try:
        return await answer.read()
    finally:
        answer.let_go()


async def test_a_trusted_server_is_asked_and_its_connection_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    http = Http()
    async with tls_server(file) as url:
        assert [await ask(http, url) for _ in range(2)] == [b"ok", b"ok"]
        await http.aclose()


@pytest.mark.parametrize(("name", "trusted"), [("localhost", False), ("other.example", True)])
async def test_any_other_is_not_sent_a_byte(
    name: str, trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, name)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    http = Http()
    async with tls_server(file) as url:
        with pytest.raises(ssl.SSLCertVerificationError) as raised:
            await ask(http, url)
        await http.aclose()
    sentence = on_the_way(raised.value, Asked("acme", "Acme"), url).message
    assert "the TLS connection to localhost" in sentence
    assert "running" not in sentence  # it is: what is wrong is its certificate
    assert "Check the server's certificate" in sentence


async def test_a_server_that_closes_in_the_handshake_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python 3.11.2 tells it: by a handshake that ends well and gives nothing."""

    async def closed(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(asyncio.get_running_loop(), "start_tls", closed)
    http = Http()
    async with chat_server([Hang()]) as server:
        url = server.address.replace("http:", "https:")
        with pytest.raises(ConnectionError) as raised:
            await ask(http, url)
        await server.client_gone()
        await http.aclose()
    assert type(on_the_way(raised.value, Asked("acme", "Acme"), url)) is Unreachable


def answer_and_close(listening: socket.socket, file: Path, said: bytes) -> None:
    """One answer by blocking calls, and right behind it the end of the connection, without TLS's own farewell."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    plain, _ = listening.accept()
    tls = context.wrap_socket(plain, server_side=True)
    asked = b""
    while not asked.endswith(b"{}"):
        asked += tls.recv(65536)
    tls.sendall(said)
    socket.socket(fileno=tls.detach()).close()


@pytest.mark.parametrize("size", [300_000, 600_000, 1_200_000])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_an_answer_that_waits_to_be_read_outlives_its_connection(
    loop: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    said = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % size + bytes(size)

    async def read_late(listening: socket.socket) -> int:
        http = Http()
        url = f"https://localhost:{listening.getsockname()[1]}"
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(answer_and_close, listening, file, said))
            answer = await http.ask("POST", url, (), b"{}", Timeouts(connect=5, first_chunk=5))
            await asyncio.sleep(0.3)
            got = 0
            while data := await answer.read():
                got += len(data)
            answer.let_go()
        await http.aclose()
        return got

    factory = pytest.importorskip(loop).new_event_loop
    with socket.create_server(("127.0.0.1", 0)) as listening, asyncio.Runner(loop_factory=factory) as runner:
        assert runner.run(read_late(listening)) == size


def test_an_outgoing_proxy_may_be_reached_by_tls_itself(tmp_path: Path) -> None:
    files = [certificate(tmp_path, name) for name in ("localhost", "models.example")]
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(b"".join(file.read_bytes() for file in files))
    ran = subprocess.run(
        [sys.executable, "-m", "tests.upstream.https_proxy", *map(str, files)],
        env={**os.environ, "SSL_CERT_FILE": str(trusted)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.stdout.split("\n")[:2] == ["CONNECT models.example:443 HTTP/1.1", "ok"], ran.stderr
