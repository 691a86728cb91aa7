"""A number has one spelling; a withheld one is none."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.identity.numbers import masked, normalise

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "",
        "  ",
        "+",
        "anonymous",
        "Anonymous",
        "RESTRICTED",
        "unknown",
        "unavailable",
        "+266696687",
        "266696687",
        "+7378742833",
        "7378742833",
        "+86282452253",
        "86282452253",
        "2562533",
        "+2562533",
        "+8656696",
        "tel:+266696687",
        "+266 696-687",
    ],
)
@pytest.mark.parametrize("country", ["DE", "US", "LS", "CN"])
def test_a_withheld_number_is_none_in_any_country(raw: str | None, country: str) -> None:
    assert normalise(raw, country) is None


@pytest.mark.parametrize(
    "raw",
    [
        "client:4930123456",
        "sip:+4930123456@example.org",
        "sips:1@example.org",
        "hello",
        "+4930123456 ext 5",
        "+49301\x0023456",
        "112",
        "+49",
        "0" * 5000,
        "+4930123456;x",
        "٠٣٠١٢٣",
        "1-800-FLOWERS",
        "+999123456789",
        "\ud800",
    ],
)
def test_what_is_no_number_is_none(raw: str) -> None:
    assert normalise(raw, "DE") is None


@pytest.mark.parametrize(
    "raw",
    [
        "+4930123456",
        "030 123456",
        "0049 30 123456",
        "+49 (0)30 123456",
        "tel:+49-30-123456",
        " 030/123456 ",
        "+49\u00a030\u2011123456",
    ],
)
def test_every_spelling_of_a_number_is_the_same_number(raw: str) -> None:
    assert normalise(raw, "DE") == "+4930123456"


def test_a_number_without_a_plus_is_read_by_the_workspaces_country() -> None:
    assert normalise("0664 1234567", "AT") == "+436641234567"
    assert normalise("(415) 555-2671", "US") == "+14155552671"


@settings(deadline=None)
@given(st.text(max_size=60), st.sampled_from(REGIONS))
def test_whatever_is_presented_gives_none_or_a_valid_number(raw: str, country: str) -> None:
    found = normalise(raw, country)
    assert found is None or phonenumbers.is_valid_number(phonenumbers.parse(found))


@settings(deadline=None)
@given(st.sampled_from(REGIONS), st.data())
def test_normalising_twice_is_normalising_once(country: str, data: st.DataObject) -> None:
    kinds = [phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE]
    kind = data.draw(st.sampled_from(kinds))
    example = phonenumbers.example_number_for_type(country, kind)
    if example is None:
        return
    spelling = data.draw(st.sampled_from(["NATIONAL", "INTERNATIONAL", "E164", "RFC3966"]))
    text = phonenumbers.format_number(example, getattr(phonenumbers.PhoneNumberFormat, spelling))
    found = normalise(text, country)
    assert found == phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    assert normalise(found, "US") == normalise(found, "DE") == found


@settings(deadline=None)
@given(st.sampled_from(REGIONS))
def test_a_masked_number_gives_away_its_country_and_two_digits(country: str) -> None:
    example = phonenumbers.example_number(country)
    e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    shown = masked(e164)
    assert shown == f"+{example.country_code} ••• ••{e164[-2:]}"
    assert masked("+4930123442") == "+49 ••• ••42"
