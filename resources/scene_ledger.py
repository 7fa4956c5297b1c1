"""A day's requests as values, and the answers that a ledger with them would give the watch window."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import orjson

from app.state.app_state import AppState
from app.state.commands import Command, ReadBodies, ReadNames, ReadPage, ReadSessions, ReadUsage
from app.state.query_results import BodiesRead, NamesRead, PageRead, QueryResult, SessionsRead, UsageRead
from proxy_core.ledger.request_events import AttemptMade, RecordedUsage, RequestRecord, State
from proxy_core.ledger.rows import BodyKind, RequestRow, SessionRow, Sum
from proxy_core.messages import Message
from resources.scene import FOLDER, HOME, settings_state

_PLAYERS: Final = (
    ("big", "claude-sonnet-5-5", "openai", "openai/gpt-4.1", 2e-6, 8e-6),
    ("thinker", "claude-opus-5-5", "gemini", "gemini/gemini-2.5-pro", 1.25e-6, 10e-6),
    ("subagent", "claude-sonnet-5-5", "deepseek", "deepseek/deepseek-v3.2", 0.28e-6, 0.42e-6),
    ("small", "claude-haiku-4-5", "openai", "openai/gpt-4.1-mini", 0.4e-6, 1.6e-6),
)
"""Role, asked for, provider, model, USD per input and output token."""

_HABITS: Final = {
    "openai/gpt-4.1": (132, 2_300, 640, 29_500, 0.84, 78.0),
    "gemini/gemini-2.5-pro": (43, 3_400, 1_480, 38_000, 2.1, 64.0),
    "deepseek/deepseek-v3.2": (60, 1_900, 720, 21_000, 1.3, 41.0),
    "openai/gpt-4.1-mini": (77, 3_600, 90, 0, 0.46, 112.0),
}
"""Per model: requests today; input, output and cached tokens per request; first token (s), tokens per s."""

_PROJECTS: Final = (FOLDER, f"{HOME}/work/notes", f"{HOME}/src/tidepool")


class SceneLedger:
    """A ledger in memory. ``now`` is the Unix time of its newest request, in seconds; ``count`` the number of
    requests.
    """

    def __init__(self, now: float, count: int = 160) -> None:
        self._now = now
        self.rows = tuple(self._row(number) for number in range(1, count + 1))

    def state(self) -> AppState:
        """Return the app in the middle of this day, with one request under way."""
        running = replace(
            self._record(0), ended=None, state=State.RUNNING, status=0, stop_reason="", usage=None, text_bytes=1_250
        )
        return replace(
            settings_state(),
            live={running.id: running},
            today=Sum(requests=312, failed=3, retried=2, priced=309, not_billed=3, estimated=309, cost=4.82),
            today_by_hour=tuple(self._hours()),
            hour_first_token=0.9,
            said="",
        )

    def answer(self, command: Command) -> QueryResult | None:
        """Return this ledger's answer; None for a command that is not for it."""
        match command:
            case ReadPage(before=before):
                rows = tuple(row for row in self.rows if before is None or row.number < before)
                return PageRead(command, rows[: command.limit])
            case ReadBodies(id=id_):
                row = next((row for row in self.rows if row.record.id == id_), None)
                return BodiesRead(
                    id_, row, {BodyKind.REQUEST: _REQUEST, BodyKind.UPSTREAM: _UPSTREAM, BodyKind.ANSWER: _ANSWER}
                )
            case ReadNames():
                models = tuple(player[3] for player in _PLAYERS)
                return NamesRead(models, _PROJECTS, ("Work", "Local"), tuple(self._session(at) for at in range(3)))
            case ReadSessions():
                return SessionsRead(command, tuple(self._sessions()))
            case ReadUsage():
                per_day = tuple(self._days())
                keys = tuple(player[3] for player in _PLAYERS)
                by_key = tuple(added(key, (day for day in per_day if day.key == key)) for key in keys)
                return UsageRead(command, per_day, by_key, added("", per_day))
            case _:
                return None

    def _row(self, number: int) -> RequestRow:
        record = self._record(number)
        _, _, _, _, reads, writes = self._player(number)
        used = record.usage
        cost = None
        if used is not None:
            cost = (used.input + used.cache_read / 4) * reads + used.output * writes
        return RequestRow(100_000 - number, record, cost, True, frozenset(BodyKind))

    def _player(self, number: int) -> tuple[str, str, str, str, float, float]:
        return random.Random(number * 7).choices(_PLAYERS, (9, 2, 3, 5))[0]  # noqa: S311 - sample data, not secret

    def _session(self, number: int) -> str:
        return f"{0x5F3A9C21 + number:08x}-4bd2-4c3e-9d5f-1c2b3a4d5e6f"

    def _record(self, number: int) -> RequestRecord:
        chance = random.Random(number)  # noqa: S311
        role, asked_for, provider, model, _, _ = self._player(number)
        began = self._now - 6.0 - number * 23.0 - chance.uniform(0, 9)
        first = began + _HABITS[model][4] * chance.uniform(0.7, 1.4)
        quick = role == "small"
        id_ = f"req_{0xA41F00 - number:06x}"
        done = RequestRecord(
            id=id_,
            began=began,
            path="/v1/messages",
            asked_for=asked_for,
            streamed=True,
            session=self._session(number // 60),
            agent="agent-7c1d" if role == "subagent" else "",
            project=_PROJECTS[number // 60 % 3],
            profile="Work",
            role=role,
            why=Message("route.role", asked=asked_for, role=role.upper()),
            provider=provider,
            model=model.partition("/")[2],
            engine="litellm" if provider == "gemini" else "direct",
            attempts=(AttemptMade(id_, began + 0.062, 1, 200),),
            first_token=first,
            text_bytes=4_000,
            ended=first + (chance.uniform(0.2, 0.9) if quick else chance.uniform(1.5, 14.0)),
            state=State.DONE,
            status=200,
            stop_reason="end_turn" if quick else "tool_use",
            usage=RecordedUsage(
                input=chance.randrange(300, 1_200) if quick else chance.randrange(900, 5_200),
                output=chance.randrange(8, 60) if quick else chance.randrange(120, 1_900),
                cache_read=0 if quick else chance.randrange(18_000, 44_000),
            ),
        )
        return self._in_trouble(done) if number in (4, 9) else done

    def _in_trouble(self, done: RequestRecord) -> RequestRecord:
        if done.began < self._now - 180:
            sentence = Message("provider.key_refused", name="OpenRouter", status="401", provider="openrouter")
            return replace(
                done,
                provider="openrouter",
                model="openai/gpt-5.1-codex",
                first_token=None,
                ended=done.began + 0.21,
                state=State.FAILED,
                status=401,
                stop_reason="",
                usage=None,
                error_type="authentication_error",
                error=sentence,
                attempts=(AttemptMade(done.id, done.began + 0.2, 1, 401, sentence),),
            )
        tries = (
            AttemptMade(done.id, done.began + 0.1, 1, 429, "Rate limit reached for gpt-4.1"),
            AttemptMade(done.id, done.began + 1.2, 2, 200, "", 1.0),
        )
        return replace(done, attempts=tries, first_token=done.began + 1.6, ended=done.began + 9.0)

    def _hours(self) -> Iterable[Sum]:
        chance = random.Random(4)  # noqa: S311
        until = max(10, datetime.fromtimestamp(self._now).astimezone().hour + 1)
        for hour in range(until - 9, until):
            work = chance.uniform(0.3, 1.5)
            for _, _, _, model, reads, writes in _PLAYERS:
                often, read, written, cached, first, _ = _HABITS[model]
                count = round(often / 9 * work * chance.uniform(0.5, 1.4))
                yield Sum(
                    key=model,
                    day=f"{hour:02d}",
                    requests=count,
                    cost=count * ((read + cached / 4) * reads + written * writes),
                    first_token=first * chance.uniform(0.8, 1.3),
                )

    def _days(self) -> Iterable[Sum]:
        chance = random.Random(7)  # noqa: S311
        today = datetime.fromtimestamp(self._now).astimezone().date()
        for back in range(13, -1, -1):
            day = today - timedelta(days=back)
            work = (0.15 if day.weekday() >= 5 else 1.0) * chance.uniform(0.5, 1.3)
            for _, _, _, model, reads, writes in _PLAYERS:
                often, read, written, cached, first, speed = _HABITS[model]
                count = max(1, round(often * work * chance.uniform(0.5, 1.6))) if back else often
                used = RecordedUsage(input=count * read, output=count * written, cache_read=count * cached)
                yield Sum(
                    key=model,
                    day=f"{day:%Y-%m-%d}",
                    requests=count,
                    failed=count // 90,
                    priced=count,
                    estimated=count,
                    cost=(used.input + used.cache_read / 4) * reads + used.output * writes,
                    input=used.input,
                    output=used.output,
                    cache_read=used.cache_read,
                    first_token=first * chance.uniform(0.8, 1.3),
                    output_speed=speed * chance.uniform(0.8, 1.2),
                )

    def _sessions(self) -> Iterable[SessionRow]:
        chance = random.Random(11)  # noqa: S311
        latest = self._now - 20
        for number in range(14):
            lasted = chance.uniform(240, 5_400)
            requests = max(3, round(lasted / chance.uniform(24, 60)))
            project = _PROJECTS[(0, 0, 1, 0, 2, 1)[number % 6]]
            paid = project != _PROJECTS[1]  # the project with the notes uses a local model
            total = Sum(
                requests=requests,
                failed=chance.choice((0, 0, 0, 1, 2)),
                priced=requests,
                estimated=requests,
                cost=requests * chance.uniform(0.011, 0.024) if paid else 0.0,
                input=requests * chance.randrange(900, 2_400),
                output=requests * chance.randrange(200, 700),
                cache_read=requests * chance.randrange(14_000, 30_000),
                first_token=chance.uniform(0.6, 1.6),
            )
            agents = ("agent-7c1d", "agent-19e0", "agent-b260")[: chance.choice((0, 0, 1, 3))]
            models = ("openai/gpt-4.1", "openai/gpt-4.1-mini") if paid else ("ollama/qwen3-coder:30b",)
            profile = "Work" if paid else "Local"
            began, id_ = latest - lasted, self._session(number)
            yield SessionRow(id_, project, profile, began, latest, agents, models, int(number == 0), total)
            latest = began - chance.uniform(300, 9_000)
            there = datetime.fromtimestamp(latest).astimezone()
            if there.hour < 9:  # no requests at night: continue with the evening before
                latest = there.replace(hour=0).timestamp() - chance.uniform(5, 6) * 3_600


def added(key: str, sums: Iterable[Sum]) -> Sum:
    """Return the sum of sums; its medians are those of a typical request."""
    all_ = tuple(sums)
    counted = ("requests", "failed", "retried", "priced", "estimated", "cost", "input", "output", "cache_read")
    whole = {name: sum(getattr(one, name) for one in all_) for name in counted}
    usual = max(1, whole["requests"])
    first = sum((one.first_token or 0.0) * one.requests for one in all_) / usual
    speed = sum((one.output_speed or 0.0) * one.requests for one in all_) / usual
    return Sum(key=key, first_token=first, output_speed=speed, **whole)


_EDIT: Final = {
    "file_path": f"{FOLDER}/app.py",
    "old_string": "app = FastAPI()\n",
    "new_string": 'app = FastAPI()\n\n\n@app.get("/health")\ndef health() -> Health:\n    return Health(ok=True)\n',
}
_REQUEST: Final = orjson.dumps(
    {
        "model": "claude-sonnet-5-5",
        "max_tokens": 32000,
        "stream": True,
        "system": [{"type": "text", "text": "You are Claude Code, Anthropic's official CLI for Claude."}],
        "tools": [
            {"name": name, "description": f"{name}."} for name in ("Bash", "Edit", "Glob", "Grep", "Read", "Write")
        ],
        "messages": [
            {"role": "user", "content": "Add a health check to the API, with a test."},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "I will look at the routes first."},
                    {"type": "tool_use", "id": "toolu_1", "name": "Grep", "input": {"pattern": "@app\\."}},
                ],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": 'app.py:12: @app.get("/")'}],
            },
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "toolu_2", "name": "Edit", "input": _EDIT}],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "toolu_2", "content": "The file was updated."}],
            },
        ],
    }
)
_UPSTREAM: Final = orjson.dumps({"model": "gpt-4.1", "max_tokens": 32000, "stream": True, "messages": []})
_SAID: Final = "The health check answers at /health now. Let me run the tests."
_ANSWER: Final = b"".join(
    b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps({"type": name, **told}))
    for name, told in (
        ("message_start", {"message": {"id": "msg_1", "role": "assistant", "content": [], "usage": {}}}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": _SAID}}),
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 15}}),
        ("message_stop", {}),
    )
)
