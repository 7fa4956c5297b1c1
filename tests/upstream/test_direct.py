"""The direct engine against a server on a real socket: good answers, and every kind of damage by name."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from proxy_core.errors import (
    ContextOverflow,
    KeyRefused,
    ModelUnknown,
    Overloaded,
    ProviderError,
    ProviderFailed,
    ProviderRejected,
    ProviderTimeout,
    RateLimited,
    StreamBroken,
    Unreachable,
)
from proxy_core.upstream.direct import AT_ONCE, Direct
from proxy_core.upstream.http import Http
from tests.support.chat_server import (
    Body,
    Cut,
    Finish,
    Hang,
    Head,
    Raw,
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
from tests.upstream.calls import KEY, SHORT, call_to, chunks_of, drained, text_of

TEXT = "Grüße, 世界 🌍 \u2028 fin"


@pytest.fixture
async def direct() -> AsyncIterator[Direct]:
    engine = Direct(Http(), now=lambda: 1_700_000_000.0)
    yield engine
    await engine.aclose()


async def error_of(direct: Direct, steps: list[Step], *, stream: bool = True) -> ProviderError:
    """The error that opening a call to this answer raises."""
    async with chat_server(steps) as server:
        with pytest.raises(ProviderError) as raised:
            await direct.open(call_to(server.base_url, stream=stream, timeouts=SHORT))
        await server.quiet()
        return raised.value


async def end_of(direct: Direct, *steps: Step) -> tuple[str, Exception | None]:
    """The text and the error of a stream that began well."""
    async with chat_server(list(steps)) as server:
        got, error = await drained(await direct.open(call_to(server.base_url, timeouts=SHORT)))
        await server.quiet()
        return text_of(got), error


class TestAGoodAnswer:
    async def test_streams_chunks_as_they_are_and_declares_its_end(self, direct: Direct) -> None:
        call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        sent = [delta(content=TEXT), delta(tool_calls=[call]), delta("tool_calls"), usage(11, 5, cached=3)]
        async with chat_server(streamed(*sent, "[DONE]", headers={"x-request-id": "req-7"})) as server:
            stream = await direct.open(call_to(server.base_url))
            assert stream.upstream_id == "req-7"
            got, error = await drained(stream)
        assert (got, error, stream.declared_end) == (sent, None, True)

    @pytest.mark.parametrize("piece", [1, 2, 7])
    async def test_is_the_same_however_it_is_cut(self, direct: Direct, piece: int) -> None:
        async with chat_server(text_stream("one ", TEXT, piece=piece)) as server:
            assert text_of(await chunks_of(direct, call_to(server.base_url))) == "one " + TEXT

    async def test_all_that_one_read_brought_is_one_batch(self, direct: Direct) -> None:
        async with chat_server(text_stream(*"abcdef")) as server:
            stream = await direct.open(call_to(server.base_url))
            batches = [batch async for batch in stream]
            await stream.aclose()
        assert sum(map(len, batches)) == 9
        assert len(batches) <= 2

    async def test_ends_at_done_even_when_the_server_keeps_the_connection_open(self, direct: Direct) -> None:
        async with chat_server([Head(), Body(sse(delta(content="all"), "[DONE]")), Hang()]) as server:
            stream = await direct.open(call_to(server.base_url))
            async with asyncio.timeout(30):
                got, error = await drained(stream)
            assert (text_of(got), error, stream.declared_end) == ("all", None, True)
            await server.client_gone()

    async def test_without_done_ends_cleanly_but_undeclared(self, direct: Direct) -> None:
        async with chat_server([Head(chunked=False), Body(sse(delta(content="all"), delta("stop"))), Cut()]) as server:
            stream = await direct.open(call_to(server.base_url))
            got, error = await drained(stream)
        assert (text_of(got), error, stream.declared_end) == ("all", None, False)

    async def test_a_last_event_without_its_blank_line_counts(self, direct: Direct) -> None:
        body = sse(delta(content="al")) + sse(delta(content="l"), end="")
        async with chat_server([Head(), Body(body), Finish()]) as server:
            assert text_of(await chunks_of(direct, call_to(server.base_url))) == "all"

    async def test_comments_and_carriage_returns_are_passed_over(self, direct: Direct) -> None:
        body = b": PROCESSING\r\n\r\n" + sse(delta(content="all"), "[DONE]", end="\r\n\r\n")
        async with chat_server([Head(), Body(body, piece=3), Finish()]) as server:
            assert text_of(await chunks_of(direct, call_to(server.base_url))) == "all"

    async def test_json_to_a_stream_request_becomes_one_chunk(self, direct: Direct) -> None:
        for content_type in ("application/json", "text/plain", "text/event-stream"):
            async with chat_server(whole(completion("Hello"), content_type=content_type)) as server:
                stream = await direct.open(call_to(server.base_url))
                got, error = await drained(stream)
                assert (text_of(got), error, stream.declared_end) == ("Hello", None, True)
                assert got[0]["object"] == "chat.completion.chunk"
                assert got[0]["usage"]["prompt_tokens"] == 11

    async def test_not_streamed(self, direct: Direct) -> None:
        async with chat_server(whole(completion(TEXT))) as server:
            (chunk,) = await chunks_of(direct, call_to(server.base_url, stream=False))
            assert server.requests[0].headers["accept"] == "application/json"
        assert chunk["choices"] == [
            {"index": 0, "delta": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}
        ]

    async def test_compressed_although_we_asked_for_plain(self, direct: Direct) -> None:
        data = gzip.compress(json.dumps(completion("packed")).encode())
        async with chat_server(whole(data, content_encoding="gzip")) as server:
            assert text_of(await chunks_of(direct, call_to(server.base_url, stream=False))) == "packed"

    async def test_lone_surrogates_travel_both_ways(self, direct: Direct) -> None:
        frame = b'data: {"choices":[{"index":0,"delta":{"content":"\\ud83d"}}]}\n\n'
        async with chat_server([Head(), Body(frame), Finish()]) as server:
            call = call_to(server.base_url, messages=[{"role": "user", "content": "\ud83d"}])
            assert text_of(await chunks_of(direct, call)) == "\ud83d"
            assert server.requests[0].json["messages"][0]["content"] == "\ud83d"


class TestTheRequest:
    async def test_carries_the_body_our_name_and_its_own_key_and_nothing_else(self, direct: Direct) -> None:
        async with chat_server(whole(completion(), set_cookie="a=b; Path=/")) as server:
            for _ in range(2):
                call = replace(call_to(server.base_url, stream=False), headers={"X-Extra": "1"})
                await chunks_of(direct, call)
            request = server.requests[1]
        assert (request.method, request.target) == ("POST", "/v1/chat/completions")
        assert request.json == dict(call.body)
        assert request.headers == {
            "host": server.address.removeprefix("http://"),
            "content-type": "application/json",
            "accept": "application/json",
            "accept-encoding": "identity",
            "user-agent": request.headers["user-agent"],
            "x-title": "Understudy",
            "x-extra": "1",
            "authorization": f"Bearer {KEY}",
            "content-length": str(len(request.body)),
        }
        assert request.headers["user-agent"].startswith("understudy")

    async def test_without_a_key_has_no_authorization(self, direct: Direct) -> None:
        async with chat_server(text_stream("a")) as server:
            await chunks_of(direct, replace(call_to(server.base_url), api_key=None))
            assert "authorization" not in server.requests[0].headers

    async def test_a_connection_is_used_again_after_a_clean_end(self, direct: Direct) -> None:
        async with chat_server(text_stream("a")) as server:
            for _ in range(3):
                await chunks_of(direct, call_to(server.base_url))
            assert server.connections == 1

    async def test_the_end_of_the_body_may_come_a_moment_after_done(self, direct: Direct) -> None:
        steps: list[Step] = [Head(), Body(sse(delta(content="a"), "[DONE]")), Wait(0.05), Finish()]
        async with chat_server(steps) as server:
            for _ in range(2):
                await chunks_of(direct, call_to(server.base_url))
            assert server.connections == 1

    async def test_a_proxy_of_the_environment_is_not_asked_for_loopback(
        self, direct: Direct, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        async with chat_server(text_stream("a")) as server:
            assert text_of(await chunks_of(direct, call_to(server.base_url))) == "a"

    async def test_other_addresses_go_through_the_outgoing_proxy(self) -> None:
        async with chat_server(text_stream("via")) as proxy:
            engine = Direct(Http(outgoing_proxy=proxy.address))
            assert text_of(await chunks_of(engine, call_to("http://models.example/v1"))) == "via"
            await engine.aclose()
            assert proxy.requests[0].target == "http://models.example/v1/chat/completions"

    async def test_very_many_chunks_in_one_read_come_in_several_batches(self, direct: Direct) -> None:
        texts = [f"{number} " for number in range(3 * AT_ONCE)]
        async with chat_server(text_stream(*texts)) as server:
            stream = await direct.open(call_to(server.base_url))
            batches = [batch async for batch in stream]
            await stream.aclose()
        assert max(map(len, batches)) <= AT_ONCE
        assert text_of([chunk for batch in batches for chunk in batch]) == "".join(texts)

    async def test_what_comes_before_an_error_among_very_many_is_handed_out(self, direct: Direct) -> None:
        chunks = [delta(content="x")] * (2 * AT_ONCE)
        text, error = await end_of(direct, Head(), Body(sse(*chunks, {"error": {"message": "gone"}})), Finish())
        assert (len(text), type(error)) == (2 * AT_ONCE, ProviderFailed)


class TestABadStatus:
    async def test_a_refused_key_is_told_without_the_key(self, direct: Direct) -> None:
        said = {"error": {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}}
        error = await error_of(direct, whole(said, 401))
        assert type(error) is KeyRefused
        assert error.message == (
            "Acme rejected the API key (401). Replace it in Understudy → Settings → Models and keys, or "
            "run `understudy keys set acme`. It said: Incorrect API key provided: …"
        )

    async def test_a_limit_carries_its_wait(self, direct: Direct) -> None:
        error = await error_of(direct, whole({"error": {"message": "slow down"}}, 429, retry_after="7"))
        assert (type(error), error.retry_after, error.upstream_status) == (RateLimited, 7.0, 429)

    async def test_an_overflow_is_worded_as_anthropic_words_it(self, direct: Direct) -> None:
        words = "This model's maximum context length is 8192 tokens. However, your messages resulted in 8545 tokens."
        error = await error_of(direct, whole({"error": {"message": words, "code": "context_length_exceeded"}}, 400))
        assert (type(error), error.message) == (ContextOverflow, "prompt is too long: 8545 tokens > 8192 maximum")

    async def test_a_web_page_is_named_by_its_title(self, direct: Direct) -> None:
        page = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body>" + b"x" * 9000
        error = await error_of(direct, whole(page, 502, "text/html"))
        assert type(error) is ProviderFailed
        assert error.message == "Acme failed (502). Try again in a moment. It said: a web page titled “502 Bad Gateway”"

    async def test_an_error_body_that_does_not_come_is_not_waited_for(self, direct: Direct) -> None:
        error = await error_of(direct, [Head(503, {"content-length": "100"}, chunked=False), Hang()])
        assert (type(error), error.upstream_status) == (Overloaded, 503)

    async def test_a_redirect_is_not_followed(self, direct: Direct) -> None:
        async with chat_server(text_stream("stolen")) as elsewhere:
            error = await error_of(direct, whole(b"", 307, location=f"{elsewhere.base_url}/chat/completions"))
            assert elsewhere.requests == []
        assert type(error) is ProviderRejected
        assert "307" in error.message


class TestA200ThatIsNoAnswer:
    @pytest.mark.parametrize("stream", [True, False])
    @pytest.mark.parametrize(
        ("body", "content_type", "words"),
        [
            (b"", "text/event-stream", "an empty answer"),
            (b"", "application/json", "an empty answer"),
            (b"\x00\xff garbage", "application/octet-stream", "something that is not an answer"),
            (b'{"choices": [', "application/json", "something that is not an answer"),
            (b": only a comment\n\n", "text/event-stream", "something that is not an answer"),
        ],
    )
    async def test_is_a_failure_in_a_sentence(
        self, direct: Direct, body: bytes, content_type: str, words: str, *, stream: bool
    ) -> None:
        error = await error_of(direct, [*whole(body, 200, content_type), Cut()], stream=stream)
        assert type(error) is ProviderFailed
        assert words in error.message

    @pytest.mark.parametrize("stream", [True, False])
    @pytest.mark.parametrize(
        ("body", "content_type", "words"),
        [
            (b"<html><head><title>Log in</title></head></html>", "text/html", "a web page titled “Log in”"),
            (b'{"hello": 1}', "application/json", "something that is not an answer"),
            (b"[1]", "application/json", "something that is not an answer"),
        ],
    )
    async def test_from_a_wrong_address_will_never_be_one(
        self, direct: Direct, body: bytes, content_type: str, words: str, *, stream: bool
    ) -> None:
        error = await error_of(direct, [*whole(body, 200, content_type), Cut()], stream=stream)
        assert (type(error), error.try_again) == (ProviderRejected, False)
        assert words in error.message
        assert "Check its base URL" in error.message

    async def test_only_done(self, direct: Direct) -> None:
        error = await error_of(direct, [*streamed("[DONE]"), Cut()])
        assert type(error) is ProviderFailed
        assert "before it began" in error.message

    async def test_an_error_object_in_json(self, direct: Direct) -> None:
        error = await error_of(direct, whole({"error": {"message": "no such model", "code": "model_not_found"}}))
        assert type(error) is ModelUnknown

    async def test_an_error_object_as_the_first_event(self, direct: Direct) -> None:
        error = await error_of(direct, streamed({"error": {"message": "later", "code": 429}}))
        assert (type(error), error.upstream_status) == (RateLimited, 429)


class TestDamageInMidStream:
    HELLO = Body(sse(delta(content="Hel"), delta(content="lo")))

    async def test_an_error_object_comes_after_the_chunks_before_it(self, direct: Direct) -> None:
        body = sse(delta(content="Hello"), {"error": {"message": "the slot broke", "code": 502}}, "[DONE]")
        text, error = await end_of(direct, Head(), Body(body), Finish())
        assert (text, type(error)) == ("Hello", ProviderFailed)
        assert "the slot broke" in str(error)

    async def test_vllm_puts_the_error_in_place_of_a_chunk(self, direct: Direct) -> None:
        bad = {"object": "error", "message": "out of memory", "type": "InternalServerError", "code": 500}
        text, error = await end_of(direct, Head(), Body(sse(delta(content="Hello"), bad)), Finish())
        assert (text, type(error)) == ("Hello", ProviderFailed)

    async def test_malformed_json_is_never_skipped(self, direct: Direct) -> None:
        bad = b'data: {"choices":[{"delta":{"content":"lo\n\n' + sse(delta(content="!"), "[DONE]")
        text, error = await end_of(direct, Head(), Body(sse(delta(content="Hel")) + bad), Finish())
        assert (text, type(error)) == ("Hel", StreamBroken)

    async def test_a_chunk_that_is_no_object(self, direct: Direct) -> None:
        text, error = await end_of(direct, Head(), self.HELLO, Body(b"data: [1]\n\n"), Finish())
        assert (text, type(error)) == ("Hello", StreamBroken)

    async def test_cut_within_chunked_framing(self, direct: Direct) -> None:
        text, error = await end_of(direct, Head(), self.HELLO, Cut())
        assert (text, type(error)) == ("Hello", StreamBroken)

    async def test_cut_before_the_promised_length(self, direct: Direct) -> None:
        head = Head(headers={"content-type": "text/event-stream", "content-length": "9999"}, chunked=False)
        text, error = await end_of(direct, head, self.HELLO, Cut())
        assert (text, type(error)) == ("Hello", StreamBroken)

    async def test_reset(self, direct: Direct) -> None:
        text, error = await end_of(direct, Head(), self.HELLO, Wait(0.05), Reset())
        assert (text, type(error)) == ("Hello", StreamBroken)

    async def test_broken_chunk_sizes(self, direct: Direct) -> None:
        text, error = await end_of(direct, Head(), self.HELLO, Wait(0.05), Raw(b"zz\r\nboom\r\n"), Cut())
        assert (text, type(error)) == ("Hello", StreamBroken)

    async def test_a_half_event_at_the_end_of_a_connection(self, direct: Direct) -> None:
        half = sse(delta(content="lo"))[:30]
        text, error = await end_of(direct, Head(chunked=False), Body(sse(delta(content="Hel")) + half), Cut())
        assert (text, type(error)) == ("Hel", StreamBroken)

    async def test_silence(self, direct: Direct) -> None:
        text, error = await end_of(direct, Head(), self.HELLO, Hang())
        assert (text, type(error)) == ("Hello", ProviderTimeout)

    async def test_comments_keep_a_slow_answer_alive(self, direct: Direct) -> None:
        waits: list[Step] = [Wait(0.2), Body(b": still here\n\n")] * 4
        rest = Body(sse(delta(content="!"), "[DONE]"))
        text, error = await end_of(direct, Head(), self.HELLO, *waits, rest, Cut())
        assert (text, error) == ("Hello!", None)


class TestNoAnswer:
    async def test_nobody_listens(self, direct: Direct) -> None:
        async with chat_server(text_stream("a")) as server:
            base_url = server.base_url
        with pytest.raises(Unreachable, match=r"refused the connection\. Is the local server running\?"):
            await direct.open(call_to(base_url))

    async def test_ollama_is_named(self, direct: Direct) -> None:
        with pytest.raises(Unreachable, match="Is Ollama running"):
            await direct.open(call_to("http://127.0.0.1:11434/v1"))

    async def test_an_address_that_is_none(self, direct: Direct) -> None:
        for base_url in ("", "not a url", "ftp://127.0.0.1/v1", "http://127.0.0.1:99999/v1"):
            with pytest.raises(Unreachable, match="no URL that can be reached"):
                await direct.open(call_to(base_url))

    async def test_the_connection_is_closed_instead_of_an_answer(self, direct: Direct) -> None:
        for steps in ([Cut()], [Reset()]):
            async with chat_server(steps) as server:
                with pytest.raises(StreamBroken, match="closed the connection before it answered"):
                    await direct.open(call_to(server.base_url))

    async def test_something_that_is_not_http(self, direct: Direct) -> None:
        error = await error_of(direct, [Raw(b"SSH-2.0-OpenSSH_9.2\r\n"), Hang()])
        assert type(error) is ProviderFailed

    async def test_tls_where_there_is_none(self, direct: Direct) -> None:
        async def speak_plainly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(speak_plainly, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(Unreachable, match="TLS"):
                await direct.open(call_to(f"https://127.0.0.1:{port}/v1"))

    @pytest.mark.parametrize("steps", [[Hang()], [Head(), Hang()]], ids=["no head", "no first chunk"])
    async def test_silence_before_the_first_chunk(self, direct: Direct, steps: list[Step]) -> None:
        error = await error_of(direct, steps)
        assert type(error) is ProviderTimeout
        assert error.message.startswith("Acme did not answer in time (127.0.0.1:")


class TestLettingGo:
    async def test_in_the_middle_closes_the_connection(self, direct: Direct) -> None:
        async with chat_server([Head(), Body(sse(delta(content="a"))), Hang()]) as server:
            stream = await direct.open(call_to(server.base_url))
            assert text_of(await anext(aiter(stream))) == "a"
            await stream.aclose()
            await stream.aclose()
            await server.client_gone()

    @pytest.mark.parametrize("steps", [[Hang()], [Head(), Hang()]], ids=["no head", "no first chunk"])
    async def test_cancelled_while_opening(self, direct: Direct, steps: list[Step]) -> None:
        async with chat_server(steps) as server:
            opening = asyncio.create_task(direct.open(call_to(server.base_url)))
            await server.asked()
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
            await server.client_gone()

    async def test_cancelled_while_reading(self, direct: Direct) -> None:
        async with chat_server([Head(), Body(sse(delta(content="a"))), Hang()]) as server:
            reading = asyncio.create_task(chunks_of(direct, call_to(server.base_url)))
            await server.asked()
            await asyncio.sleep(0.05)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            await server.client_gone()

    async def test_a_reader_that_does_not_read_stops_the_sender(self, direct: Direct) -> None:
        frame = sse(delta(content="x" * 1000))
        size = 64 * 1024 * 1024
        async with chat_server([Head(), Body(frame * (size // len(frame)), piece=0), Hang()]) as server:
            stream = await direct.open(call_to(server.base_url))
            await asyncio.sleep(0.3)
            buffered = stream._answer._connection._held  # type: ignore[attr-defined]
            await stream.aclose()
            await server.client_gone()
        assert buffered < 2 * 1024 * 1024
