"""Phone numbers: one spelling (E.164), and none for callers who withheld theirs. Pure."""

from __future__ import annotations

import re

import phonenumbers

# What carriers and Twilio put in place of a withheld number: a word, or the word spelled on a
# keypad. Filtered before parsing: the library takes ANONYMOUS for a number of Lesotho and
# UNAVAILABLE for one of China.
_WITHHELD = frozenset(
    {
        "",
        "anonymous",
        "restricted",
        "unknown",
        "unavailable",
        "private",
        "266696687",  # ANONYMOUS
        "7378742833",  # RESTRICTED
        "86282452253",  # UNAVAILABLE
        "2562533",  # BLOCKED
        "8656696",  # UNKNOWN
    }
)
# a browser's or SIP address is not a number, though it may hold digits
_SCHEME = re.compile(r"^(client|sips?):", re.IGNORECASE)
# the library reads letters as keypad digits and cuts off what follows; a number of ours has none
_NUMBER = re.compile(r"^\+?[0-9 ()./\-\u00a0\u2010-\u2015]+$")
_LONGEST = 40

COUNTRIES: frozenset[str] = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""ISO 3166 codes of all that have numbers of their own."""


def normalise(raw: str | None, country: str) -> str | None:
    """The E.164 form of a number as it was presented, typed or imported.

    country: ISO 3166 code whose dialling habits apply to numbers without a plus.
    None: withheld, or not a valid number of any country.
    """
    if raw is None:
        return None
    text = raw.strip()
    if text.lower().startswith("tel:"):
        text = text[4:].strip()
    if len(text) > _LONGEST or text.lower().lstrip("+").strip() in _WITHHELD:
        return None
    if _SCHEME.match(text) or not _NUMBER.match(text):
        return None
    if re.sub(r"\D", "", text) in _WITHHELD:
        return None
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


_DEAR = frozenset(
    {
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.SHARED_COST,
        phonenumbers.PhoneNumberType.PERSONAL_NUMBER,  # forwarded to anywhere, at anybody's price
        phonenumbers.PhoneNumberType.PAGER,
    }
)


def tariff(e164: str) -> tuple[str | None, bool]:
    """The country that a number belongs to (ISO 3166; None: none, as of satellites), and whether
    calling it costs more than a call to there: premium and shared cost, personal numbers."""
    number = phonenumbers.parse(e164)
    region = phonenumbers.region_code_for_number(number)
    country = region if region and region.isalpha() else None
    return country, phonenumbers.number_type(number) in _DEAR


def masked(e164: str) -> str:
    """The number as freelancers see it: country and last two digits, `+49 ••• ••42`."""
    try:
        code = phonenumbers.parse(e164).country_code
    except phonenumbers.NumberParseException:
        return "••• ••"
    return f"+{code} ••• ••{e164[-2:]}"
