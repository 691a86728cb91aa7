"""YAML in and out: what is read is what was meant, and every fault has its place."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.policy import text


def test_words_that_older_yaml_took_for_something_else_are_text() -> None:
    read = text.read("{on: no, time: 09:30, day: 2026-12-24, number: +493012345, zero: 0305550}")
    assert read.value == {
        "on": "no",
        "time": "09:30",
        "day": "2026-12-24",
        "number": "+493012345",
        "zero": "0305550",
    }
    assert text.read("[1, -2, 0.5, 1e3, true, null, ~, '1', yes]").value == [
        1, -2, 0.5, 1000.0, True, None, None, "1", "yes",
    ]  # fmt: skip


def test_each_value_knows_its_place_and_a_missing_one_that_of_what_is_around_it() -> None:
    read = text.read("queues:\n  a:\n    steps:\n      - {seconds: 3}\n")
    assert read.places["queues.a.steps[0].seconds"] == (4, 10)
    problem = read.placed(text.Problem("queues.a.steps[0].then.queue", "…"))
    assert (problem.line, problem.column) == (4, 9)
    assert read.placed(text.Problem("rules.x", "…")).line == 1


def test_what_is_written_once_can_be_used_again() -> None:
    read = text.read("a: &times {voice: 20, chat: 30}\nb: *times\nc: {<<: *times, chat: 5}")
    assert read.value["b"] == {"voice": 20, "chat": 30}
    assert read.value["c"] == {"voice": 20, "chat": 5}


LAUGHS = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdef", "bcdefg", strict=True)
)

WRONG = [
    ("a: [", 2, "node"),
    ("a: 1\nb: 2\na: 3", 3, "given twice"),
    ("x: 1\ny: !!python/object:os.system 1", 2, "Tags"),
    ("[" * 100_000, 1, "deeply"),
    ("- " * 100_000 + "x", 1, "deeply"),
    ("a: *nothing", 1, "&nothing"),
    ("a: &a [*a]", 1, "&a"),
    ("a: 1\n---\nb: 2", 2, "second document"),
    ("a: 1\nb: \x07", 2, r"U\+0007"),
    ("a: b: c", 1, "mapping values"),
    ("\ta: 1", 1, "character"),
    ("{[1]: 2}", 1, "key"),
    (LAUGHS, 6, "values"),
]


@pytest.mark.parametrize(("source", "line", "said"), WRONG)
def test_what_cannot_be_read_is_told_with_its_line(source: str, line: int, said: str) -> None:
    with pytest.raises(text.Unreadable, match=said) as caught:
        text.read(source)
    assert caught.value.problem.line == line
    assert f"line {line}, column" in caught.value.message


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")) | st.just("\n")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc-é \"'#:", max_size=9), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_what_is_written_is_read_again(value: object) -> None:
    assert text.read(text.write(value)).value == value


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab:-{}[],&*!|>'\"#%@` \n\t?<~0.1", max_size=60))
def test_no_text_does_anything_but_be_read_or_refused(source: str) -> None:
    with contextlib.suppress(text.Unreadable):
        text.read(source)
