"""Every language says everything, and overrides cannot break a call."""

from __future__ import annotations

import pytest

from router.channels.voice import prompts
from router.channels.voice.prompts import Prompts
from router.errors import Invalid


@pytest.mark.parametrize("language", prompts.languages())
def test_every_language_has_every_text_with_the_same_placeholders(language: str) -> None:
    english, other = prompts.texts("en"), prompts.texts(language)
    assert set(other) == set(english)
    for key, text in english.items():
        assert prompts.placeholders(other[key]) == prompts.placeholders(text), key
        assert 0 < len(other[key]) <= prompts.LONGEST


def test_there_are_the_four_languages_of_the_service() -> None:
    assert set(prompts.languages()) == {"en", "de", "pt", "ru"}


def test_no_language_is_left_in_english() -> None:
    for language in set(prompts.languages()) - {"en"}:
        texts = prompts.texts(language)
        same = [key for key, text in prompts.texts("en").items() if texts[key] == text]
        assert same == []


def test_an_entry_point_says_its_own_greeting_in_one_language_alone() -> None:
    overrides = {"de": {"greeting": "Moin bei {name}."}}
    assert Prompts("de", overrides).text("greeting", name="Acme") == "Moin bei Acme."
    assert Prompts("en", overrides).text("greeting", name="Acme") == "Welcome to Acme."


def test_a_language_without_texts_of_ours_is_spoken_in_english_unless_it_has_its_own() -> None:
    assert Prompts("fr").text("goodbye") == "Goodbye."
    assert Prompts("fr").locale == "en-US"
    own = Prompts("fr", {"fr": {"goodbye": "Au revoir.", "locale": "fr-FR"}})
    assert (own.text("goodbye"), own.locale) == ("Au revoir.", "fr-FR")


def test_a_regional_language_speaks_the_language() -> None:
    assert Prompts("pt-BR").text("goodbye") == "Até logo."


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ([], "prompts"),
        ({"de": "Moin"}, "prompts.de"),
        ({"de": {"greting": "Moin"}}, "prompts.de.greting"),
        ({"de": {"greeting": ""}}, "prompts.de.greeting"),
        ({"de": {"greeting": 7}}, "prompts.de.greeting"),
        ({"de": {"greeting": "x" * 1001}}, "prompts.de.greeting"),
        ({"de": {"greeting": "Hallo {who}"}}, "prompts.de.greeting"),
        ({"de": {"greeting": "Hallo {name"}}, "prompts.de.greeting"),
        ({"de": {"greeting": "Hallo {name.__class__}"}}, "prompts.de.greeting"),
        ({"de": {"greeting": "Hallo {name!r:>99}"}}, "prompts.de.greeting"),
        ({"de": {"greeting": "Hallo {}"}}, "prompts.de.greeting"),
    ],
)
def test_an_override_that_could_not_be_spoken_is_refused_by_name(
    overrides: object, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        prompts.check(overrides)
    assert refused.value.field == field


def test_good_overrides_are_taken() -> None:
    prompts.check(
        {
            "de": {
                "greeting": "Moin bei {name}.",
                "voice": "Polly.Vicki",
                "music": "https://x.example/a.mp3",
            }
        }
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, ("wait_minute", 1)),
        (60, ("wait_minute", 1)),
        (61, ("wait_minutes", 2)),
        (200, ("wait_minutes", 5)),
        (3600, ("wait_minutes", 60)),
        (3601, ("wait_hour", 60)),
    ],
)
def test_expected_waits_are_rounded_up_to_few_steps(seconds: float, said: tuple[str, int]) -> None:
    assert prompts.spoken_wait(seconds) == said


def test_a_number_is_spoken_digit_by_digit() -> None:
    assert prompts.spoken_digits("+4930 12") == "4 9 3 0 1 2"
