"""Many minutes of streams with faults mixed in, and what they leave behind.

``python -m tests.trouble.soak --minutes 30`` runs ``understudy serve`` as a process of its own before a provider of
chat completions and one of Anthropic's format; 32 clients ask it without pause, and now and then leave in the middle.
Its memory, descriptors and threads are read every five seconds. Every answer is read by the grammar: an end that is not
honest ends the run.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import httpx
import psutil

from proxy_core.upstream.pool import KEPT_ALIVE
from tests.anthropic_grammar import read
from tests.support import anthropic_server, processes
from tests.support.chat_server import (
    Body,
    Cut,
    Hang,
    Head,
    Request,
    Reset,
    Step,
    Wait,
    chat_server,
    completion,
    delta,
    sse,
    streamed,
    text_stream,
    usage,
    whole,
)

STREAMS = 32
EVERY = 5.0
WARM = 300.0
"""Seconds before memory counts: buffers, caches and the oldest generation of Python's collector find their size."""

MOST = 1.05
"""How much more memory than after the warm-up is still flat."""

REST = KEPT_ALIVE + 5.0
"""Seconds after the last answer until no connection is kept any more."""


State = tuple[float, int, int]
"""Megabytes of memory, descriptors, threads."""


def provider(rng: random.Random) -> Sequence[Step]:
    """What the provider does with one streamed request: mostly the right thing."""
    words = [f"word{n} " for n in range(rng.randint(5, 60))]
    begun: list[Step] = [Head(), Body(sse(*(delta(content=word) for word in words)))]
    match rng.choices(range(9), [60, 10, 5, 5, 4, 4, 4, 4, 4])[0]:
        case 0:
            slow: list[Step] = [Head()]
            for word in words:
                slow += [Body(sse(delta(content=word))), Wait(0.01)]
            return [*slow, *streamed(delta("stop"), usage(10, len(words)), "[DONE]")[1:]]
        case 1:
            return text_stream(*words)
        case 2:
            return whole({"error": {"message": "The server had an error"}}, 500)
        case 3:
            return whole({"error": {"message": "Slow down"}}, 429, retry_after="60")
        case 4:
            return [*begun, Cut()]
        case 5:
            return [*begun, Reset()]
        case 6:
            return [Head(), Body(b"data: {not json\n\n")]
        case 7:
            return [*begun, Hang()]
        case _:
            return whole(b"<html>nothing here</html>", content_type="text/html")


def chat(request: Request) -> Sequence[Step]:
    if not request.json.get("stream"):
        return whole(completion("Hello"))
    return provider(random.Random())


def anthropic(request: Request) -> Sequence[Step]:
    good = anthropic_server.streamed(anthropic_server.message_bytes(*["word "] * 30))
    return good if random.random() < 0.9 else [*good[:1], Body(b"event: message_start\n"), Cut()]


async def client(address: str, token: str, seen: Counter[str], until: float) -> None:
    """One client that asks again and again; a third of the time it leaves before the end, at the latest after 2 s."""
    rng = random.Random()
    headers = {"x-api-key": token}
    async with httpx.AsyncClient(base_url=address, headers=headers, trust_env=False, timeout=30) as http:
        while time.monotonic() < until:
            model = rng.choice(["claude-sonnet-5-5", "claude-sonnet-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"])
            turns = [{"role": "user", "content": "x" * rng.randint(10, 20_000)}]
            body = {"model": model, "max_tokens": 100, "stream": rng.random() < 0.85, "messages": turns}
            leaves = rng.random() * 2 if rng.random() < 0.33 else 2.0
            try:
                async with asyncio.timeout(leaves):
                    answer = await http.post("/v1/messages", json=body)
            except TimeoutError:
                seen["left"] += 1
                continue
            except httpx.HTTPError:
                seen["cut"] += 1
                continue
            judged = answer.status_code == 200 and body["stream"] and model != "claude-haiku-5-5"
            ended = "good end" if not judged or read(answer.content).complete else "error event"
            seen[f"{answer.status_code} {ended}" if answer.status_code == 200 else str(answer.status_code)] += 1


async def soak(minutes: float, home: Path) -> bool:
    """Run it; True when everything stayed flat."""
    seen: Counter[str] = Counter()
    samples: list[tuple[float, float, int, int]] = []
    async with chat_server(chat) as model, anthropic_server.anthropic_server(anthropic) as claude:
        variables = {
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "sk-soak-0123456789",
            "ANTHROPIC_API_KEY": "sk-ant-soak-0123456789",
            "SMALL_MODEL": "passthrough",
            "UNDERSTUDY_PASSTHROUGH_URL": claude.address,
        }
        async with processes.serving(home, variables=variables) as understudy:
            process = psutil.Process(understudy.process.pid)
            before = state(process)
            print(line(0.0, *before), flush=True)
            begun = time.monotonic()
            until = begun + minutes * 60
            async with asyncio.TaskGroup() as tasks:
                for _ in range(STREAMS):
                    tasks.create_task(client(understudy.address, understudy.token, seen, until))
                while time.monotonic() < until:
                    await asyncio.sleep(EVERY)
                    model.requests.clear()
                    claude.requests.clear()
                    samples.append((time.monotonic() - begun, *state(process)))
                    if len(samples) % 12 == 0:
                        print(line(*samples[-1]), flush=True)
            await asyncio.sleep(REST)
            rest = state(process)
            faults = understudy.printed.count("fault of Understudy")
    return told(samples, before, rest, seen, faults)


def state(process: psutil.Process) -> State:
    return process.memory_info().rss / 2**20, processes.open_descriptors(process), process.num_threads()


def line(seconds: float, memory: float, descriptors: int, threads: int) -> str:
    return f"min {seconds / 60:4.1f}: {memory:6.1f} MB, {descriptors:3d} descriptors, {threads} threads"


def told(
    samples: list[tuple[float, float, int, int]], before: State, rest: State, seen: Counter[str], faults: int
) -> bool:
    """Print what came of it; True when it is as it should be."""
    warm = [sample for sample in samples if sample[0] > WARM] or samples
    first, last = median(s[1] for s in warm[:12]), median(s[1] for s in warm[-12:])
    print(f"answers: {sum(seen.values())}: " + ", ".join(f"{n} {what}" for what, n in seen.most_common()))
    print(f"memory after the warm-up {first:.1f} MB, in the last minute {last:.1f} MB: {last / first:.3f}")
    print(f"at rest: {line(samples[-1][0], *rest)}")
    print(f"faults of our own: {faults}")
    flat = last <= first * MOST and rest[1] <= before[1] and faults == 0
    print("flat" if flat else "NOT FLAT")
    return flat


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as folder:
        raise SystemExit(0 if asyncio.run(soak(minutes, Path(folder))) else 1)


if __name__ == "__main__":
    main()
