"""The ledger of a proxy: a file with the proxy's log settings, prices and keys."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from proxy_core.ledger.request_events import Broadcast, Listener, RequestRecord
from proxy_core.ledger.store import LedgerFile
from proxy_core.server.instance_file import is_alive
from proxy_core.server.proxy_server import Service
from proxy_core.server.runtime import ProxyRuntime


def keep(proxy: ProxyRuntime, path: Path, report: Callable[[str], None] = lambda _: None) -> LedgerFile:
    """Return the ledger at ``path``; ``report`` is called on its thread with each fault. The caller closes it."""

    def price(record: RequestRecord) -> tuple[float, bool] | None:
        cost = proxy.price(record)
        return None if cost is None else (cost.usd, cost.estimated)

    return LedgerFile(
        path,
        log=lambda: proxy.configuration().settings.log,
        price=price,
        secrets=proxy.keys.seen,
        report=report,
        is_alive=is_alive,
    )


def kept_in(ledger: LedgerFile, proxy: ProxyRuntime) -> Callable[[], Service]:
    """Return a factory of the proxy's service whose events go to ``ledger``, too."""

    def retell(listener: Listener) -> Listener:
        return Broadcast(ledger, listener)

    return partial(proxy.make_service, retell)
