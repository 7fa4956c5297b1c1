"""The app driven through its tray from outside its process, as a panel does, with the real proxy behind it."""

from __future__ import annotations

import http.client
import json
import socket
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.app.end_to_end.desk import DEMO, TOKEN, Desk, address, ask, ended, health, message, until
from tests.app.end_to_end.tray_host import NotificationHost, TrayHost

pytestmark = pytest.mark.desktop


def test_stop_closes_the_port_and_start_opens_it(desk: Desk, tray: TrayHost) -> None:
    process = desk.app()
    tray.wait()
    where = address(tray)
    assert until(lambda: health(where)) == 200
    assert {16, 22, 32, 48, 64} <= tray.sizes()
    running, tip = tray.icon(), tray.tip()
    assert where in tip
    tray.click("Stop")
    until(lambda: tray.labels()[0] == "Stopped")
    assert health(where) is None
    assert tray.icon() != running
    assert tray.tip() != tip
    tray.click("Start")
    assert until(lambda: health(address(tray))) == 200
    until(lambda: tray.icon() == running)
    tray.click("Quit")
    assert ended(process) == ""


def test_the_menu_lives_with_what_happens(desk: Desk, tray: TrayHost) -> None:
    desk.app()
    tray.wait()
    where = address(tray)
    assert "Today: 0 requests" in tray.labels()
    status, _ = message(where)
    assert status == 200
    status, body = ask(where, "POST", "/v1/messages", {"model": "demo/nobody", "max_tokens": 5, "messages": []})
    assert status != 200
    until(lambda: any(text.startswith("Today: 2 requests") for text in tray.labels()))
    assert any(text.startswith("Last error: ") for text in tray.labels())
    assert json.loads(body)["error"]["message"][:30] in " ".join(tray.labels())


def test_a_profile_chosen_here_answers_the_next_request(desk: Desk, tray: TrayHost) -> None:
    desk.settings(DEMO.format("instant") + '[profiles.Other]\nbig = "demo/nobody"\n')
    desk.app()
    tray.wait()
    where = address(tray)
    assert message(where)[0] == 200
    tray.click("Profiles", "Other")
    until(
        lambda: [each.checked for entry in tray.menu() if entry.label == "Profiles" for each in entry.below] == [0, 1]
    )
    assert message(where)[0] == 404
    assert tomllib.loads((desk.home / "settings.toml").read_text())["profile"] == "Other"


def test_a_taken_port_is_told_with_its_holder_and_can_be_tried_again(
    desk: Desk, tray: TrayHost, notifications: NotificationHost
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        desk.app(PORT=str(port))
        tray.wait()
        until(lambda: f"Port {port} is taken by" in tray.labels()[0])
        until(lambda: notifications.shown)
        assert notifications.shown[0].urgent
        assert str(port) in notifications.shown[0].text
    tray.click("Start")
    assert until(lambda: health(f"127.0.0.1:{port}")) == 200


def test_a_providers_words_are_no_markup_in_a_notification(
    desk: Desk, tray: TrayHost, notifications: NotificationHost
) -> None:
    class Provider(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps({"error": {"message": 'No model. <a href="http://evil.example">Pay</a> & win'}}).encode()
            self.send_response(404)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as provider:
        thread = Thread(target=provider.serve_forever)
        thread.start()
        try:
            desk.settings(
                '[profiles.Default]\nbig = "scripted/x"\nsmall = "scripted/x"\nthinker = "scripted/x"\n'
                f'[providers.scripted]\nbase_url = "http://127.0.0.1:{provider.server_port}/v1"\n'
            )
            desk.app()
            tray.wait()
            message(address(tray))
            until(lambda: notifications.shown)
        finally:
            provider.shutdown()
            thread.join()
    text = notifications.shown[0].text
    assert "<" not in text
    assert '&lt;a href="http://evil.example"&gt;Pay&lt;/a&gt; &amp; win' in text


def test_a_click_opens_the_window(desk: Desk, tray: TrayHost) -> None:
    desk.settings(DEMO.format("instant") + "[general]\nstart_hidden = true\n")
    desk.app()
    tray.wait()
    address(tray)
    assert desk.windows() == []
    tray.activate()
    until(desk.windows)


def test_quit_tells_the_streams_and_ends(desk: Desk, tray: TrayHost) -> None:
    desk.settings(DEMO.format("slow"))
    process = desk.app()
    tray.wait()
    where = address(tray)
    connection = http.client.HTTPConnection(where, timeout=20)
    body = {
        "model": "claude-sonnet-5-5",
        "max_tokens": 2000,
        "stream": True,
        "messages": [{"role": "user", "content": "Tell me at length."}],
    }
    headers = {"x-api-key": TOKEN, "content-type": "application/json", "anthropic-version": "2023-06-01"}
    connection.request("POST", "/v1/messages", json.dumps(body), headers)
    answer = connection.getresponse()
    heard = answer.read1(65536)
    assert b"message_start" in heard
    tray.click("Quit")
    while piece := answer.read1(65536):
        heard += piece
    assert b"event: error" in heard
    assert b"message_stop" not in heard
    assert ended(process) == ""
    connection.close()
