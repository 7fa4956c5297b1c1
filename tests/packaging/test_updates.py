"""The check for a newer version."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import httpx
import pytest

from app.services import update_check
from app.services.update_check import CheckFailed, Release, latest
from proxy_core.config.outbound_policy import OutboundPolicy

PAGE = "https://github.com/understudy-app/understudy/releases/tag/v0.10.0"


@dataclass
class ReleasesPage:
    """Answers with ``answers``, one after the other, and keeps what it was asked."""

    answers: list[httpx.Response] = field(default_factory=list)
    asked: list[httpx.Request] = field(default_factory=list)

    def tell(self, **release: object) -> None:
        self.answers.append(httpx.Response(200, text=json.dumps(release)))

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answers.pop(0)

    def latest(self, current: str) -> Release | None:
        return latest(current, OutboundPolicy(), httpx.MockTransport(self.handle))


@pytest.fixture
def page() -> ReleasesPage:
    return ReleasesPage()


@pytest.mark.parametrize("current", ["0.9.0", "0.9.12", "0.10.0rc1", "0.1"])
def test_a_newer_release_is_told_with_its_page(page: ReleasesPage, current: str) -> None:
    page.tell(tag_name="v0.10.0", html_url=PAGE)
    assert page.latest(current) == Release("0.10.0", PAGE)


@pytest.mark.parametrize("current", ["0.10.0", "0.10.1", "0.11.0.dev1", "1.0"])
def test_what_is_as_new_hears_of_nothing(page: ReleasesPage, current: str) -> None:
    page.tell(tag_name="v0.10.0", html_url=PAGE)
    assert page.latest(current) is None


def test_it_asks_once_and_says_nothing_of_who_asks(page: ReleasesPage) -> None:
    page.tell(tag_name="v0.10.0", html_url=PAGE)
    page.latest("0.1.0")
    (request,) = page.asked
    assert str(request.url) == update_check.RELEASES
    assert request.headers["user-agent"] == "understudy"
    assert set(request.headers) == {"host", "user-agent", "accept", "accept-encoding", "connection"}


def test_a_link_that_leads_elsewhere_is_not_shown(page: ReleasesPage) -> None:
    page.tell(tag_name="v0.10.0", html_url="https://example.com/understudy-app/understudy/releases/")
    assert page.latest("0.1.0") == Release("0.10.0", update_check.PAGES)


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
    page.answers = [httpx.Response(status, content=body)]
    with pytest.raises(CheckFailed, match=sentence):
        page.latest("0.1.0")


def test_an_answer_without_end_is_a_sentence(page: ReleasesPage) -> None:
    page.answers = [httpx.Response(200, content=b"[" * (2 << 20))]
    with pytest.raises(CheckFailed, match="is not JSON"):
        page.latest("0.1.0")


def test_nobody_there_is_a_sentence() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Connection refused")

    with pytest.raises(CheckFailed, match=r"could not be asked for the newest version: .*refused"):
        latest("0.1.0", OutboundPolicy(), httpx.MockTransport(refuse))


def test_a_project_that_was_renamed_is_found_on_the_same_host(page: ReleasesPage) -> None:
    page.answers = [httpx.Response(301, headers={"Location": "https://api.github.com/repositories/1/releases/latest"})]
    page.tell(tag_name="v0.10.0", html_url=PAGE)
    assert page.latest("0.1.0") == Release("0.10.0", PAGE)
    assert page.asked[1].url.path == "/repositories/1/releases/latest"


@pytest.mark.parametrize("elsewhere", ["https://example.com/latest", "http://api.github.com/latest"])
def test_no_other_host_is_asked(page: ReleasesPage, elsewhere: str) -> None:
    page.answers = [httpx.Response(301, headers={"Location": elsewhere})]
    with pytest.raises(CheckFailed, match="answered with 301"):
        page.latest("0.1.0")
    assert len(page.asked) == 1
