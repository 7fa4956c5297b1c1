"""Schemas that more providers understand mean the same."""

from __future__ import annotations

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
    plain({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}})
    plain({"$ref": "#"})


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
def test_nonsense_does_no_harm(schema: dict[str, Any]) -> None:
    plain(schema)
