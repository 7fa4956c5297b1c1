"""Whether the provider behind a LiteLLM stream really said that its answer is over."""

from __future__ import annotations

from typing import Any


class FinishWitness:
    """LiteLLM adds ``stop`` to a stream that ended without a reason; this finds out when it did.

    For most providers the stream wrapper remembers what it heard. Gemini's reader gives every chunk a reason, so there
    the raw chunks are watched for ``finishReason``; other readers make a reason of ``[DONE]``, so there must have been
    a chunk before it. All are internals of LiteLLM: tests of the litellm engine on cut streams fail when they change.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._chunks_seen: bool | None = None  # None where the reader cannot be watched
        self._candidates_seen = False
        self._candidate_ended = False

    def watch(self) -> None:
        """Begin, before the first chunk is read."""
        make = getattr(self._stream, "make_call", None)
        if getattr(self._stream, "completion_stream", None) is not None or make is None:
            self._watch_reader(getattr(self._stream, "completion_stream", None))
            return

        async def making(**given: Any) -> Any:
            reader = await make(**given)
            self._watch_reader(reader)
            return reader

        # The request is sent by the first read, which also knows how to word its failures.
        self._stream.make_call = making

    def made_up(self, chunk: Any) -> bool:
        """Whether the finish reason in ``chunk`` is LiteLLM's own invention."""
        if not getattr(self._stream, "sent_last_chunk", False) or not any(each.finish_reason for each in chunk.choices):
            return False
        if self._candidates_seen:
            return not self._candidate_ended
        if self._chunks_seen is False:
            return True
        heard = (self._stream.received_finish_reason, self._stream.intermittent_finish_reason)
        return heard == (None, None)

    def _watch_reader(self, reader: Any) -> None:
        parse = getattr(reader, "chunk_parser", None)
        if parse is None:
            return

        def watching(chunk: Any) -> Any:
            self._chunks_seen = True
            self._note(chunk)
            return parse(chunk)

        self._chunks_seen = False
        reader.chunk_parser = watching

    def _note(self, chunk: Any) -> None:
        if not isinstance(chunk, dict):
            return
        feedback = chunk.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            self._candidates_seen = self._candidate_ended = True
        for candidate in chunk.get("candidates") or ():
            self._candidates_seen = True
            self._candidate_ended = self._candidate_ended or bool(candidate.get("finishReason"))
