"""What is read of a webhook: known names, once, in their form."""

from __future__ import annotations

import pytest

from router.channels.voice.parameters import UNKNOWN, Parameters
from router.errors import Malformed

SID = "CA" + "0123456789abcdef" * 2


def unknown() -> float:
    return UNKNOWN._value.get()


def test_a_name_that_comes_twice_is_refused_even_with_the_same_value() -> None:
    with pytest.raises(Malformed) as refused:
        Parameters([("CallSid", SID), ("CallSid", SID)])
    assert refused.value.field == "CallSid"


def test_a_new_parameter_is_ignored_and_counted() -> None:
    before = unknown()
    parameters = Parameters([("CallSid", SID), ("QuantumState", "both")])
    assert parameters["CallSid"] == SID
    assert parameters.get("QuantumState") is None
    assert unknown() == before + 1


def test_what_twilio_always_sends_is_no_news() -> None:
    before = unknown()
    Parameters([("ApiVersion", "2010-04-01"), ("CallerCountry", "DE"), ("CallSid", SID)])
    assert unknown() == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Digits", "1; drop table"),
        ("Digits", "1\x00"),
        ("From", "+49\x00"),
        ("From", "x" * 501),
        ("handling", "../../etc"),
        ("turn", "-1"),
        ("turn", "9" * 30),
        ("SequenceNumber", "1e9"),
        ("CallSid", "CA123"),
    ],
)
def test_a_value_of_another_form_counts_as_absent(name: str, value: str) -> None:
    assert Parameters([(name, value)]).get(name) is None


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(Malformed) as refused:
        Parameters([])["CallSid"]
    assert refused.value.field == "CallSid"
