"""The members of an object, as they are written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from centrirpc.proxy.members import members

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False).filter(lambda number: abs(number) != float("inf")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(), VALUES, max_size=4), st.sampled_from([None, 0, 1, "\t", "\r\n "]))
def test_they_are_those_of_the_object(value: dict[str, Any], indent: Any) -> None:
    found = members(json.dumps(value, indent=indent))
    assert {name: json.loads(text) for name, text in found.items()} == value


def test_digits_are_kept() -> None:
    digits = "1" * 5000
    found = members(f' {{ "a" : {digits} , "b":1.10,"c":1e999 }} ')
    assert found == {"a": digits, "b": "1.10", "c": "1e999"}


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "[]", "null", "1", "{", "{}{}", "{,}", '{"a"}', '{"a":}', '{"a":1,}', '{"a":1'),
        *(
            '{"a":1 "b":2}',
            "{a:1}",
            '{"a":NaN}',
            '{"a":1}x',
            '{"a":1,"a":2}',
            '{"a":[1}',
            '{"\n":1}',
        ),
    ],
)
def test_what_is_no_object(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        members(text)


@given(st.text(alphabet='{}[]",:\\ 01aetrufnlsN-', max_size=24))
def test_it_takes_what_json_takes(text: str) -> None:
    try:
        known = json.loads(text)
    except ValueError:
        known = None
    try:
        found = members(text)
    except ValueError:
        assert not isinstance(known, dict) or "NaN" in text or text.count('"') > 3
    else:
        assert {name: json.loads(value) for name, value in found.items()} == known
