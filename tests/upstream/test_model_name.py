"""Changing one name in a request's bytes, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.upstream.model_name import model_spans, with_model

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("model"), inner),
    max_leaves=20,
)
KEYS = st.text() | st.sampled_from(["model", "messages", 'a"model"', "Model", "model "])


@given(st.dictionaries(KEYS, VALUES), st.text(), st.sampled_from([None, 2]), st.booleans())
def test_only_the_top_level_model_changes(request: dict[str, Any], name: str, indent: int | None, ascii_: bool) -> None:
    request["model"] = "claude-old"
    body = json.dumps(request, indent=indent, ensure_ascii=ascii_).encode("utf-8", "surrogatepass")
    changed = with_model(body, name)
    (span,) = model_spans(body)
    assert body[span[0] : span[1]] == b'"claude-old"'
    assert changed.startswith(body[: span[0]])
    assert changed.endswith(body[span[1] :])
    parsed = json.loads(changed.decode("utf-8", "surrogatepass"))
    assert parsed == {**request, "model": name.encode("utf-16", "surrogatepass").decode("utf-16", "replace")}


@given(st.dictionaries(KEYS, VALUES).filter(lambda value: not isinstance(value.get("model"), str)))
def test_without_such_a_name_the_bytes_stay(request: dict[str, Any]) -> None:
    body = json.dumps(request).encode()
    assert with_model(body, "new") is body


@given(st.binary(max_size=200) | st.text('{}[]":,\\model ', max_size=60).map(str.encode))
def test_bytes_that_are_no_json_never_raise_and_only_lose_what_was_replaced(body: bytes) -> None:
    with_model(body, "new")
    for start, end in model_spans(body):
        assert body[start:end][:1] == b'"' == body[start:end][-1:]


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        (b'{"model":"a","x":{"model":"b"}}', b'{"model":"N","x":{"model":"b"}}'),
        (b'{"x":{"model":"b"},"model" : "a" }', b'{"x":{"model":"b"},"model" : "N" }'),
        (b'{"model":"a","model":"b"}', b'{"model":"N","model":"N"}'),
        (b'{"model":"a","\\u006dodel":"b"}', b'{"model":"N","\\u006dodel":"N"}'),
        (b'{"x":"\\"model\\":\\"y\\"","model":"a"}', b'{"x":"\\"model\\":\\"y\\"","model":"N"}'),
        (b'{"x":"model","model":"a"}', b'{"x":"model","model":"N"}'),
        (b'{"model":"a\\"b"}', b'{"model":"N"}'),
        (b'["model","a"]', b'["model","a"]'),
        (b'[{"model":"a"}]', b'[{"model":"a"}]'),
        (b'{"model":7}', b'{"model":7}'),
        (b'{"\\ ":1,"model":"a"}', b'{"\\ ":1,"model":"N"}'),
        (b"", b""),
    ],
)
def test_by_example(body: bytes, changed: bytes) -> None:
    assert with_model(body, "N") == changed
