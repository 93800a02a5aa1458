"""Reading answers into which somebody put hostile JSON."""

from __future__ import annotations

import json

import pytest

from bridge.matrix.json_reading import MAX_DEPTH, read_json


def nested(depth: int) -> bytes:
    """An array in an array in an array."""
    return b"[" * depth + b"]" * depth


def test_ordinary_json_is_read_as_it_is() -> None:
    """Nothing is changed in what is not hostile."""
    value = {"a": [1, 2.5, None, True, 'é "quoted" \\ ]}'], "b": {}}
    assert read_json(json.dumps(value).encode()) == value


def test_a_deeply_nested_value_does_not_cost_the_rest_of_the_answer() -> None:
    """What lies beside the hostile value is read."""
    answer = read_json(b'{"before": 1, "hostile": ' + nested(100_000) + b', "after": "]}\\"["}')
    assert isinstance(answer, dict)
    assert answer["before"] == 1
    assert answer["after"] == ']}"['


def test_what_is_cut_begins_below_the_largest_depth() -> None:
    """Everything down to the bound is kept, in objects as in arrays."""
    answer = read_json(b'{"a":' * 50_000 + b"1" + b"}" * 50_000)
    depth = 0
    while answer is not None:
        assert isinstance(answer, dict)
        answer = answer["a"]
        depth += 1
    assert depth == MAX_DEPTH


def test_a_number_of_thousands_of_digits_is_read_as_none() -> None:
    """Python refuses such integers with an error; the rest of the answer is wanted."""
    assert read_json(b'{"a": ' + b"9" * 10_000 + b', "b": -12}') == {"a": None, "b": -12}


def test_damaged_characters_are_replaced() -> None:
    """Bytes that are not UTF-8 cost their own characters only."""
    assert read_json(b'{"a": "x\xff"}') == {"a": "x�"}


@pytest.mark.parametrize("junk", [b"", b"<html>", b"{", b'{"a": ' + nested(100_000)[:-5], b"[" * 100_000])
def test_what_is_not_json_is_a_value_error(junk: bytes) -> None:
    """Also when it is deep."""
    with pytest.raises(ValueError, match=r"."):
        read_json(junk)
