"""What is done with the ledger as a whole: a request once more on another model, an export, a wipe."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from app.answers import RanAgain, Side
from app.doing.tools import Tools
from app.said import said
from proxy_core.errors import ConfigError
from proxy_core.ledger.journal import Listener
from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.rows import Filter, Row
from proxy_core.ledger.store import LedgerFile
from proxy_core.runtime.build import Proxy

if TYPE_CHECKING:
    from app.rerun.again import Side as Run
    from app.rerun.answer import Answer

translate = QCoreApplication.translate


class LedgerDoing:
    """``house`` makes a proxy whose parts a request may go through beside those that are served.

    ``listener`` hears of such a request, ``changed`` is called when the ledger is another than it was.
    """

    def __init__(
        self,
        tools: Tools,
        file: LedgerFile,
        house: Callable[[], Proxy],
        listener: Listener,
        changed: Callable[[], None],
    ) -> None:
        self._tools = tools
        self._file = file
        self._house = house
        self._listener = listener
        self._changed = changed

    def run_again(self, id_: str, model: str) -> None:
        """A request once more, on ``model``: first the answer that is kept is shown, then the new one beside it."""
        tools, path = self._tools, self._tools.paths.ledger_file

        def before() -> Side:
            from app.rerun.again import find, kept_side  # noqa: PLC0415 - not for who never does it

            shelf = Ledger(path)
            try:
                row = find(shelf, id_)
                return _side(kept_side(shelf, row), row)
            finally:
                shelf.close()

        def again(first: Side) -> RanAgain:
            from app.rerun.again import run_again  # noqa: PLC0415

            shelf = Ledger(path)
            try:
                if first.row is None:
                    raise ConfigError(translate("Doing", "The request is not there any more."))
                done = run_again(self._house(), shelf, first.row, model, self._listener)
            finally:
                shelf.close()
            return RanAgain(id_, model, first, _side(done.after, None, " ".join(done.notes)))

        def then(first: Side) -> None:
            tools.screen.hear(RanAgain(id_, model, first))

            def failed(sentence: str) -> None:
                tools.screen.hear(RanAgain(id_, model, first, Side(None, "", sentence)))

            tools.lanes.calls.run(lambda: again(first), tools.screen.hear, failed)

        tools.lanes.calls.run(before, then, tools.complain)

    def export(self, path: str, form: str, wanted: Filter) -> None:
        """The requests to a file, newest first, without their bodies."""
        tools = self._tools

        def job() -> None:
            from proxy_core.ledger.export import to_file, write_csv, write_json  # noqa: PLC0415

            write = write_json if form == "json" else write_csv
            ledger = Ledger(tools.paths.ledger_file)
            try:
                with to_file(path) as out:
                    write(ledger.every(wanted), out)
            except OSError as error:
                raise ConfigError(f"{path}: {error.strerror}.") from error
            finally:
                ledger.close()

        def then(_: None) -> None:
            tools.say(translate("Doing", "Written to {0}.").format(path))

        tools.lanes.calls.run(job, then, tools.complain)

    def wipe(self, *, bodies_only: bool) -> None:
        """Empty it, or only of its bodies."""

        def then(_: None) -> None:
            whole = translate("Doing", "Log deleted.")
            self._tools.say(translate("Doing", "Conversations deleted.") if bodies_only else whole)
            self._changed()

        self._tools.lanes.ledger.run(lambda: self._file.wipe(rows=not bodies_only), then, self._tools.complain)


def _side(run: Run, row: Row | None, notes: str = "") -> Side:
    cost = run.cost
    own = row or Row(0, run.story, None if cost is None else cost.usd, cost is None or cost.estimated)
    if run.answer is None:
        return Side(own, "", translate("Doing", "This answer is not kept any more."))
    return Side(own, _text(run.answer), " ".join(part for part in (said(run.answer.error), said(notes)) if part))


def _text(answer: Answer) -> str:
    """As a person reads it: what was said, then what was called."""
    calls = [f"→ {call.name} {call.input}" for call in answer.calls]
    return "\n\n".join(part for part in (answer.text, *calls) if part)
