"""What is done with the ledger as a whole: a request once more on another model, an export, a wipe."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from app.i18n.said import said
from app.services.context import ServiceContext
from app.state.query_results import ReplayProgress, ReplaySide
from proxy_core.errors import ConfigError
from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.request_events import Listener
from proxy_core.ledger.rows import Filter, RequestRow
from proxy_core.ledger.store import LedgerFile
from proxy_core.server.runtime import ProxyRuntime

if TYPE_CHECKING:
    from app.services.replay.replay import ReplayResult as Run
    from app.services.replay.replay_answer import ReplayAnswer

translate = QCoreApplication.translate


class LedgerService:
    """``make_runtime`` makes a proxy whose parts a request may go through beside those that are served.

    ``listener`` hears of such a request, ``changed`` is called when the ledger is another than it was.
    """

    def __init__(
        self,
        context: ServiceContext,
        file: LedgerFile,
        make_runtime: Callable[[], ProxyRuntime],
        listener: Listener,
        changed: Callable[[], None],
    ) -> None:
        self._context = context
        self._file = file
        self._make_runtime = make_runtime
        self._listener = listener
        self._changed = changed

    def replay_request(self, id_: str, model: str) -> None:
        """A request once more, on ``model``: first the answer that is kept is shown, then the new one beside it."""
        context, path = self._context, self._context.paths.ledger_file

        def before() -> ReplaySide:
            from app.services.replay.replay import find, stored_result  # noqa: PLC0415 - not for who never does it

            shelf = Ledger(path)
            try:
                row = find(shelf, id_)
                return _side(stored_result(shelf, row), row)
            finally:
                shelf.close()

        def again(first: ReplaySide) -> ReplayProgress:
            from app.services.replay.replay import replay_request  # noqa: PLC0415

            shelf = Ledger(path)
            try:
                if first.row is None:
                    raise ConfigError(translate("Doing", "The request is not there any more."))
                done = replay_request(self._make_runtime(), shelf, first.row, model, self._listener)
            finally:
                shelf.close()
            return ReplayProgress(id_, model, first, _side(done.after, None, " ".join(done.notes)))

        def then(first: ReplaySide) -> None:
            context.screen.on_result(ReplayProgress(id_, model, first))

            def failed(sentence: str) -> None:
                context.screen.on_result(ReplayProgress(id_, model, first, ReplaySide(None, "", sentence)))

            context.queues.calls.run(lambda: again(first), context.screen.on_result, failed)

        context.queues.calls.run(before, then, context.report_error)

    def export(self, path: str, form: str, wanted: Filter) -> None:
        """The requests to a file, newest first, without their bodies."""
        context = self._context

        def job() -> None:
            from proxy_core.ledger.export import to_file, write_csv, write_json  # noqa: PLC0415

            write = write_json if form == "json" else write_csv
            ledger = Ledger(context.paths.ledger_file)
            try:
                with to_file(path) as out:
                    write(ledger.every(wanted), out)
            except OSError as error:
                raise ConfigError(f"{path}: {error.strerror}.") from error
            finally:
                ledger.close()

        def then(_: None) -> None:
            context.say(translate("Doing", "Written to {0}.").format(path))

        context.queues.calls.run(job, then, context.report_error)

    def wipe(self, *, bodies_only: bool) -> None:
        """Empty it, or only of its bodies."""

        def then(_: None) -> None:
            whole = translate("Doing", "Log deleted.")
            self._context.say(translate("Doing", "Conversations deleted.") if bodies_only else whole)
            self._changed()

        self._context.queues.ledger.run(lambda: self._file.wipe(rows=not bodies_only), then, self._context.report_error)


def _side(run: Run, row: RequestRow | None, notes: str = "") -> ReplaySide:
    cost = run.cost
    own = row or RequestRow(0, run.record, None if cost is None else cost.usd, cost is None or cost.estimated)
    if run.answer is None:
        return ReplaySide(own, "", translate("Doing", "This answer is not kept any more."))
    return ReplaySide(own, _text(run.answer), " ".join(part for part in (said(run.answer.error), said(notes)) if part))


def _text(answer: ReplayAnswer) -> str:
    """As a person reads it: what was said, then what was called."""
    calls = [f"→ {call.name} {call.input}" for call in answer.calls]
    return "\n\n".join(part for part in (answer.text, *calls) if part)
