"""The check for a newer version, against an HTTP server of our own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.services import update_check
from app.services.update_check import CheckFailed, Release, latest

PAGE = "https://github.com/understudy-app/understudy/releases/tag/v0.10.0"


@dataclass
class ReleasesPage:
    """Answers every request with ``status`` and ``body``, and keeps what it was asked."""

    status: int = 200
    body: bytes = b""
    asked: list[dict[str, str]] = field(default_factory=list)
    address: str = ""

    def tell(self, **release: object) -> None:
        self.body = json.dumps(release).encode()


@pytest.fixture
def page() -> Iterator[ReleasesPage]:
    told = ReleasesPage()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        told.address = f"http://127.0.0.1:{server.server_address[1]}/releases/latest"
        yield told
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("current", ["0.9.0", "0.9.12", "0.10.0rc1", "0.1"])
def test_a_newer_release_is_told_with_its_page(page: ReleasesPage, current: str) -> None:
    page.tell(tag_name="v0.10.0", html_url=PAGE)
    assert latest(current, url=page.address) == Release("0.10.0", PAGE)


@pytest.mark.parametrize("current", ["0.10.0", "0.10.1", "0.11.0.dev1", "1.0"])
def test_what_is_as_new_hears_of_nothing(page: ReleasesPage, current: str) -> None:
    page.tell(tag_name="v0.10.0", html_url=PAGE)
    assert latest(current, url=page.address) is None


def test_it_asks_once_and_says_nothing_of_who_asks(page: ReleasesPage) -> None:
    page.tell(tag_name="v0.10.0", html_url=PAGE)
    latest("0.1.0", url=page.address)
    (request,) = page.asked
    assert request["path"] == "/releases/latest"
    assert request["user-agent"] == "understudy"
    assert set(request) == {"path", "host", "user-agent", "accept", "accept-encoding", "connection"}


def test_a_link_that_leads_elsewhere_is_not_shown(page: ReleasesPage) -> None:
    page.tell(tag_name="v0.10.0", html_url="https://example.com/understudy-app/understudy/releases/")
    assert latest("0.1.0", url=page.address) == Release("0.10.0", update_check.PAGES)


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (403, b"{}", "answered with 403"),
        (404, b"", "answered with 404"),
        (200, b"<html>", "is not JSON"),
        (200, b"[]", "not what it should be"),
        (200, b"{}", "could not be understood"),
        (200, b'{"tag_name": "nightly"}', "could not be understood"),
    ],
)
def test_an_answer_that_is_none_is_a_sentence(page: ReleasesPage, status: int, body: bytes, sentence: str) -> None:
    page.status, page.body = status, body
    with pytest.raises(CheckFailed, match=sentence):
        latest("0.1.0", url=page.address)


def test_nobody_there_is_a_sentence(page: ReleasesPage) -> None:
    nowhere = page.address.rpartition(":")[0] + ":1/"
    with pytest.raises(CheckFailed, match=r"could not be asked for the newest version: .*refused"):
        latest("0.1.0", url=nowhere)
