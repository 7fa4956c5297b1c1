"""Schemas that more providers understand mean the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.translate.schemas import plain


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"$schema": "x", "$id": "y", "type": "object"}, {"type": "object"}),
        ({"const": 1}, {"enum": [1]}),
        ({"type": "string", "format": "date-time"}, {"type": "string", "format": "date-time"}),
        (
            {"type": "string", "format": "uri", "description": "Where."},
            {"type": "string", "description": "Where. Format: uri."},
        ),
        (
            {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "string", "const": "x"}}},
            {"properties": {"a": {"type": "string", "enum": ["x"]}}},
        ),
        (
            {"items": {"$ref": "#/definitions/a~1b", "description": "My."}, "definitions": {"a/b": {"type": "number"}}},
            {"items": {"type": "number", "description": "My."}},
        ),
        ({"anyOf": [{"const": "a"}, {"type": "null"}]}, {"anyOf": [{"enum": ["a"]}, {"type": "null"}]}),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"type": "null"}}}, {"type": "null"}),
        ({"additionalProperties": False, "items": True}, {"additionalProperties": False, "items": True}),
    ],
)  # fmt: skip
def test_rules(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert plain(schema) == expected


def test_properties_called_like_keywords_are_properties() -> None:
    names = ("$ref", "$schema", "const", "format", "default", "definitions", "items", "description")
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": list(names)}
    assert plain(schema) == schema


def test_data_is_not_touched() -> None:
    data = {"default": {"const": 1, "$ref": "#/x"}, "enum": [{"$schema": 1}], "examples": [{"format": "uri"}]}
    assert plain(data) == data


def test_a_schema_that_contains_itself_comes_to_an_end() -> None:
    tree = {"$ref": "#/$defs/T", "$defs": {"T": {"type": "object", "properties": {"child": {"$ref": "#/$defs/T"}}}}}
    made = plain(tree)
    assert made["type"] == "object"
    assert "$ref" not in repr(made)


def test_a_reference_in_a_circle_comes_to_an_end() -> None:
    circle = {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}
    assert plain({"$ref": "#/$defs/A", "$defs": circle}) == {"type": "object", "description": "Again as #/$defs/A."}
    assert plain({"$ref": "#"}) == {"type": "object", "description": "Again as #."}


def test_a_few_lines_that_mean_millions_are_cut_short() -> None:
    laughs: dict[str, Any] = {f"L{n}": {"anyOf": [{"$ref": f"#/$defs/L{n + 1}"}] * 10} for n in range(9)}
    made = plain({"$ref": "#/$defs/L0", "$defs": {**laughs, "L9": {"type": "string"}}})
    assert len(repr(made)) < 10_000_000


KEYWORDS = st.sampled_from(["$ref", "properties", "items", "anyOf", "const", "format", "$defs", "type", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.sampled_from(["#", "#/$defs/x", "#/properties/x", "uri", "string"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYWORDS, VALUES, max_size=4))
def test_nonsense_becomes_a_schema_that_can_be_sent(schema: dict[str, Any]) -> None:
    before = json.dumps(schema)
    made = plain(schema)
    assert isinstance(made, dict)
    assert json.loads(json.dumps(made)) == made, "it is JSON, and nothing in it contains itself"
    assert json.dumps(schema) == before, "what came in is not touched"
    assert plain(made) == made, "it stays what it is"
