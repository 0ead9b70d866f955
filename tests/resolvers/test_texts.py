"""Texts of clients are measured and matched in linear time."""

from __future__ import annotations

import time

import pytest

from resolvers.texts import Pattern, is_suited, normalized


def test_marks_take_linear_time() -> None:
    began = time.process_time()
    for marks in ("\u0301\u0323", "\u0f73", "\u0344", "\u0f71\u0f72"):
        assert not is_suited(marks * 250_000, multiline=True)
    # As many as may be, in each place.
    assert is_suited(("a" + "\u0301\u0323" * 15) * 8_000, multiline=True)
    normalized(("a" + "\u0323\u0301" * 15) * 8_000)
    assert time.process_time() - began < 5


def test_patterns_take_linear_time() -> None:
    began = time.process_time()
    assert not Pattern("(a+)+b").matches("a" * 100_000)
    assert not Pattern("(a|aa)*c").matches("a" * 100_000)
    assert time.process_time() - began < 5


@pytest.mark.parametrize("text", ["ab\n", "\nab", "xab", "abx", "ab\nab"])
def test_a_pattern_matches_all_of_a_text(text: str) -> None:
    for pattern in ("ab", "^ab$", "(?m)ab", "(?m)^ab$", "ab|ba"):
        assert Pattern(pattern).matches("ab")
        assert not Pattern(pattern).matches(text)


@pytest.mark.parametrize("pattern", ["(", "a)(b", "(?=a)b", r"(a)\1", "a{100000}{100000}"])
def test_what_takes_more_than_linear_time_is_no_pattern(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        Pattern(pattern)
