"""Believable content for the watch window: requests, sums, sessions and bodies, all made from values."""

from __future__ import annotations

import base64
import random
from dataclasses import replace
from typing import Any

import orjson

from app.services.model_probe.test_image import png
from app.state.app_state import AppState, BudgetView, Phase, ProxyView
from proxy_core.config.settings import Configuration, Profile, Settings
from proxy_core.ledger.request_events import AttemptMade, RecordedUsage, RequestRecord, State
from proxy_core.ledger.rows import BodyKind, RequestRow, SessionRow, Sum

NOW = 1_795_357_928.0
"""A Sunday in November 2026, as Unix time."""
PICTURE = base64.b64encode(png("blue")).decode()
HOSTILE = '<img src=x onerror="boom">\u202egnp.exe\x1b[31m & <b>bold</b>\u2066'
MODELS = (
    ("big", "openai", "gpt-4.1", 0.0412),
    ("small", "openai", "gpt-4.1-mini", 0.0004),
    ("thinker", "gemini", "gemini-2.5-pro", 0.2188),
    ("big", "deepseek", "deepseek-v3.2", 0.0061),
)


def record(number: int, *, began: float | None = None, **changes: Any) -> RequestRecord:
    """A request that ended well, ``number`` steps before now unless ``began`` says when."""
    chance = random.Random(number)
    role, provider, model, _ = MODELS[chance.choices(range(4), (5, 3, 1, 2))[0]]
    began = NOW - number * 17.0 if began is None else began
    first = began + chance.uniform(0.3, 1.6)
    ended = first + chance.uniform(0.2, 14.0)
    made = RequestRecord(
        id=f"req_{number:06d}",
        began=began,
        path="/v1/messages",
        asked_for="claude-sonnet-5-5" if role != "small" else "claude-haiku-4-5",
        streamed=True,
        session=f"{number // 40:08x}-4bd2-4c3e-9d5f-1c2b3a4d5e6f",
        project="/home/ada/work/atlas-api",
        profile="Default",
        role=role,
        why=f"{'haiku' if role == 'small' else 'sonnet'} plays {role.upper()}",
        provider=provider,
        model=f"{provider}/{model}",
        engine="direct",
        attempts=(AttemptMade(f"req_{number:06d}", began + 0.062, 1, 200),),
        first_token=first,
        text_bytes=4000,
        ended=ended,
        state=State.DONE,
        status=200,
        stop_reason="tool_use",
        usage=RecordedUsage(
            input=chance.randrange(400, 4000), output=chance.randrange(20, 3000), cache_read=chance.randrange(0, 40000)
        ),
    )
    return replace(made, **changes)


def running(number: int, **changes: Any) -> RequestRecord:
    """A request that streams."""
    told = replace(
        record(number), ended=None, state=State.RUNNING, status=0, stop_reason="", usage=None, text_bytes=1250
    )
    return replace(told, **changes)


def failed(number: int, **changes: Any) -> RequestRecord:
    """A request whose key was refused."""
    base = record(number)
    sentence = "OpenAI refused the key: 401. Open Understudy → Settings → Models and keys."
    tried = AttemptMade(base.id, base.began + 0.2, 1, 401, sentence)
    told = replace(base, first_token=None, ended=base.began + 0.21, state=State.FAILED, status=401, stop_reason="")
    told = replace(told, usage=None, error_type="authentication_error", error=sentence, attempts=(tried,))
    return replace(told, **changes)


def retried(number: int, **changes: Any) -> RequestRecord:
    """A request that was let in at the second try."""
    base = record(number)
    tries = (
        AttemptMade(base.id, base.began + 0.1, 1, 429, "Rate limit reached for gpt-4.1"),
        AttemptMade(base.id, base.began + 1.2, 2, 200, "", 1.0),
    )
    told = replace(base, attempts=tries, first_token=base.began + 1.6, ended=base.began + 9.0)
    return replace(told, **changes)


def row(number: int, told: RequestRecord | None = None) -> RequestRow:
    """A request as the ledger has it; the smaller ``number``, the newer it is and the higher the row's number."""
    told = record(number) if told is None else told
    cost = next((price for _, _, name, price in MODELS if told.model.endswith(name)), None)
    kept = frozenset(BodyKind)
    return RequestRow(1_000_000 - number, told, None if told.usage is None else cost, True, kept)


def rows(first: int, count: int) -> tuple[RequestRow, ...]:
    """A page of the ledger, newest first."""
    made = []
    for number in range(first, first + count):
        told = failed(number) if number % 11 == 7 else retried(number) if number % 13 == 4 else record(number)
        made.append(row(number, told))
    return tuple(made)


def request_body(turns: int = 3, *, words: str = "") -> bytes:
    """What Claude Code sends: a system prompt, tools, turns with calls, results and an edit."""
    messages: list[dict[str, object]] = [
        {"role": "user", "content": [{"type": "text", "text": words or "Add a health check to the API."}]}
    ]
    for number in range(turns):
        call = {
            "type": "tool_use",
            "id": f"toolu_{number}",
            "name": "Bash",
            "input": {"command": f"pytest -k health_{number}"},
        }
        result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": "2 passed in 0.41s"}
        thought = {"type": "thinking", "thinking": "The route is missing; the test says so.", "signature": "s"}
        messages += [
            {"role": "assistant", "content": [thought, {"type": "text", "text": "Let me run the tests."}, call]},
            {"role": "user", "content": [result]},
        ]
    edit = {
        "file_path": "/home/ada/work/atlas-api/app.py",
        "old_string": "app = FastAPI()\n",
        "new_string": (
            'app = FastAPI()\n\n\n@app.get("/health")\ndef health() -> dict[str, bool]:\n    return {"ok": True}\n'
        ),
    }
    messages.append(
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_e", "name": "Edit", "input": edit}]}
    )
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE}}
    failed_result = {
        "type": "tool_result",
        "tool_use_id": "toolu_e",
        "is_error": True,
        "content": [{"type": "text", "text": "File has not been read yet."}],
    }
    messages.append({"role": "user", "content": [failed_result, picture]})
    return orjson.dumps(
        {
            "model": "claude-sonnet-5-5",
            "max_tokens": 32000,
            "stream": True,
            "system": [{"type": "text", "text": "You are Claude Code, an interactive CLI tool. " * 60}],
            "tools": [
                {"name": name, "description": f"{name} does its work.\nMore."}
                for name in ("Bash", "Read", "Edit", "Grep")
            ],
            "messages": messages,
        }
    )


def answer_body(text: str = "The health check answers now. All tests pass.") -> bytes:
    """An answer as it was streamed."""
    events: list[tuple[str, dict[str, object]]] = [
        ("message_start", {"message": {"id": "msg_1", "role": "assistant", "content": [], "usage": {}}}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        *(
            ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": word + " "}})
            for word in text.split()
        ),
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}}),
        ("message_stop", {}),
    ]
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps({"type": name, **data})) for name, data in events
    )


def hours() -> tuple[Sum, ...]:
    """Ten hours of today."""
    chance = random.Random(4)
    made = []
    for hour in range(9):
        for model, price in (("openai/gpt-4.1", 0.3), ("gemini/gemini-2.5-pro", 0.2), ("openai/gpt-4.1-mini", 0.05)):
            count = chance.randrange(2, 20)
            made.append(
                Sum(
                    key=model,
                    day=f"{9 + hour:02d}",
                    requests=count,
                    cost=price * chance.random(),
                    first_token=chance.uniform(0.6, 1.5),
                )
            )
    return tuple(made)


def state(**changes: Any) -> AppState:
    """The app in the middle of a day's work."""
    settings = Settings(profiles={"Default": Profile(), "Local": Profile()})
    made = AppState(
        configuration=Configuration(settings=settings),
        proxy=ProxyView(Phase.RUNNING, "http://127.0.0.1:8082"),
        live={one.id: one for one in (running(0),)},
        today=Sum(requests=312, failed=3, retried=2, priced=307, unpriced=2, not_billed=3, estimated=300, cost=4.82),
        today_by_hour=hours(),
        hour_first_token=0.9,
        budget=BudgetView(today=4.82, month=61.3, daily=20.0, monthly=300.0),
        folder="/home/ada/work/atlas-api",
        recent_folders=("/home/ada/work/atlas-api", "/home/ada/work/lighthouse"),
        claude_installed=True,
        has_tray=True,
    )
    return replace(made, **changes)


def usage(days: int = 14) -> tuple[tuple[Sum, ...], tuple[Sum, ...], Sum]:
    """Sums per day and model, per model, and of all."""
    chance = random.Random(7)
    names = ("gemini/gemini-2.5-pro", "openai/gpt-4.1", "openai/gpt-4.1-mini", "deepseek/deepseek-v3.2")
    per_day = []
    for day in range(days):
        weekend = 0.2 if day % 7 in {5, 6} else 1.0
        for name, price in zip(names, (2.4, 1.6, 0.3, 0.5), strict=True):
            count = int(chance.uniform(10, 90) * weekend)
            per_day.append(
                Sum(
                    key=name,
                    day=f"2026-11-{9 + day:02d}",
                    requests=count,
                    failed=count // 40,
                    priced=count,
                    estimated=count,
                    cost=price * chance.uniform(0.4, 1.4) * weekend,
                    input=count * 1200,
                    output=count * 600,
                    cache_read=count * 21000,
                    first_token=chance.uniform(0.5, 2.0),
                    output_speed=chance.uniform(30, 120),
                )
            )
    by_key = tuple(_added(name, [one for one in per_day if one.key == name]) for name in names)
    total = _added("", per_day)
    return tuple(per_day), by_key, replace(total, requests=total.requests + 20, unpriced=14, not_billed=6)


def _added(key: str, sums: list[Sum]) -> Sum:
    counted = ("requests", "failed", "retried", "priced", "estimated", "cost", "input", "output", "cache_read")
    whole = {name: sum(getattr(one, name) for one in sums) for name in counted}
    return Sum(key=key, first_token=0.9, output_speed=71.0, **whole)


def sessions(count: int = 9) -> tuple[SessionRow, ...]:
    """Sessions of Claude Code, the first two of them live."""
    made = []
    for number in range(count):
        latest = NOW - number * 5400
        total = Sum(
            requests=60 - number * 4,
            failed=number % 3,
            priced=60 - number * 4,
            estimated=40,
            cost=1.9 / (number + 1),
            input=40_000,
            output=21_000 - number * 900,
            cache_read=900_000,
        )
        made.append(
            SessionRow(
                id=f"{number:08x}-4bd2-4c3e",
                project=f"/home/ada/work/{('atlas-api', 'lighthouse', 'notes')[number % 3]}",
                profile="Default",
                began=latest - 1800,
                latest=latest,
                agents=tuple(f"agent-{at}" for at in range(number % 3)),
                models=("openai/gpt-4.1", "openai/gpt-4.1-mini")[: 1 + number % 2],
                running=1 if number < 2 else 0,
                total=total,
            )
        )
    return tuple(made)
