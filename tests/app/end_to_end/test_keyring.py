"""Keys and the local token where they belong: in a real Secret Service, found again by the next start, in no file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.end_to_end.desk import Desk, address, ended, until
from tests.app.end_to_end.tray_host import TrayHost
from tests.support.secret_service import SecretService

pytestmark = [pytest.mark.desktop, pytest.mark.keyring]

READ = "import keyring\nprint(keyring.get_password('understudy', 'local-token') or '')\n"


def everything_in(home: Path) -> bytes:
    return b"".join(file.read_bytes() for file in home.rglob("*") if file.is_file())


def test_the_token_is_kept_in_the_keyring_and_is_the_same_at_the_next_start(
    desk: Desk, tray: TrayHost, secret_service: SecretService
) -> None:
    keyring = Path(secret_service.environ["HOME"]) / ".local/share/keyrings/login.keyring"
    empty = keyring.stat().st_size

    def kept() -> str:
        return secret_service.run(READ).stdout.strip()

    first = desk.app(UNDERSTUDY_TOKEN="")
    tray.wait()
    address(tray)
    until(lambda: keyring.stat().st_size > empty)  # a look into the keyring in the middle of the app's own may break it
    token = kept()
    assert token.startswith("us-")
    first.terminate()
    assert ended(first) == ""
    desk.app(UNDERSTUDY_TOKEN="")
    until(lambda: len(tray.items) == 2)
    where = address(tray)
    assert kept() == token
    asked = secret_service.run(
        "import http.client, sys\n"
        f"connection = http.client.HTTPConnection({where!r}, timeout=20)\n"
        f"connection.request('GET', '/v1/models/understudy/big', headers={{'x-api-key': {token!r}}})\n"
        "print(connection.getresponse().status)\n"
    )
    assert asked.stdout.strip() == "200"
    assert token.encode() not in everything_in(desk.home)
