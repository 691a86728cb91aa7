"""What keys mean, and that a repeat of them means nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as with_

from router.channels.voice import dialogue
from router.channels.voice.call import Call, Connecting, Progress
from tests.voice import calls
from tests.voice.calls import CONTACT, ENTRY, HANDLING, PLAIN, ROOM

MOBILE = "+4915112345678"


def arriving(step: str, **more: object) -> Call:
    return Call(CONTACT, "arriving", "en", ENTRY, Progress(turn=2, step=step, **more))  # type: ignore[arg-type]  # test data


def press(call: Call, keys: str | None) -> Progress:
    return dialogue.press(call, dialogue.question(call), call.progress.turn, keys)


def go_on(call: Call, keys: str | None) -> Call:
    return replace(call, progress=press(call, keys))


@given(calls.calls, calls.keys, st.integers(0, 20), st.sampled_from([*calls.STEPS, "wait", "rate"]))
def test_keys_for_another_question_or_turn_change_nothing(
    call: Call, keys: str | None, turn: int, asked: str
) -> None:
    after = dialogue.press(call, asked, turn, keys)
    if (asked, turn) != (dialogue.question(call), call.progress.turn):
        assert after == call.progress
    else:
        assert after == call.progress or after.turn == call.progress.turn + 1


@given(calls.calls, calls.keys)
def test_a_repeated_key_press_answers_nothing_more(call: Call, keys: str | None) -> None:
    asked, turn = dialogue.question(call), call.progress.turn
    after = dialogue.press(call, asked, turn, keys)
    again = dialogue.press(replace(call, progress=after), asked, turn, keys)
    assert again == after


@given(calls.calls, st.lists(calls.keys, min_size=25, max_size=25))
def test_whatever_is_pressed_nobody_is_asked_forever_before_the_line(
    call: Call, presses: list[str | None]
) -> None:
    start = dialogue.begin(call.entry, identified=False)
    call = replace(call, state="arriving", callback_to=None, leads=None, progress=start)
    asked: list[str] = []
    for keys in presses:
        if call.progress.step == "checking":
            call = replace(call, progress=dialogue.checked(call, right=False))
        if call.progress.step == "line":
            return
        asked.append(call.progress.step)
        call = go_on(call, keys)
    raise AssertionError(f"still being asked: {asked}")


def test_a_known_caller_of_a_plain_number_is_asked_nothing() -> None:
    assert dialogue.begin(PLAIN, identified=True).step == "line"


def test_an_unknown_caller_is_asked_language_then_who_then_topic() -> None:
    call = replace(arriving("line"), progress=dialogue.begin(ENTRY, identified=False))
    asked = []
    for keys in ("2", "*", "1"):
        asked.append(dialogue.question(call))
        call = go_on(call, keys)
    assert asked == ["language", "who", "topic"]
    assert call.progress.step == "line"
    assert (call.progress.language, call.progress.topic) == ("en", "router")


def test_silence_is_a_customer() -> None:
    after = press(arriving("who"), None)
    assert after.step == "topic"
    assert after.expert_number is None


@pytest.mark.parametrize("keys", ["*", "47*11", "", None])
def test_a_star_leaves_the_experts_lane(keys: str | None) -> None:
    assert press(arriving("who"), keys).step == "topic"


def test_an_expert_number_is_followed_by_the_pin_and_the_pin_is_not_kept() -> None:
    call = go_on(arriving("who"), "4711")
    assert call.progress.step == "pin"
    after = press(call, "81818")
    assert after.step == "checking"
    assert "81818" not in repr(after)


def test_three_wrong_pins_and_the_call_goes_on_as_a_customers() -> None:
    call = arriving("who")
    for _ in range(2):
        call = go_on(go_on(call, "4711"), "0000")
        call = replace(call, progress=dialogue.checked(call, right=False))
        assert (call.progress.step, call.progress.said) == ("who", "pin_wrong")
    call = go_on(go_on(call, "4711"), "0000")
    last = dialogue.checked(call, right=False)
    assert (last.step, last.said) == ("topic", "pin_locked")


def test_a_throttled_number_is_not_tried_again() -> None:
    call = go_on(go_on(arriving("who"), "4711"), "0000")
    assert dialogue.checked(call, right=False, throttled=True).said == "pin_locked"


def test_a_right_pin_goes_on_to_the_topic() -> None:
    call = go_on(go_on(arriving("who"), "4711"), "1234")
    after = dialogue.checked(call, right=True)
    assert (after.step, after.expert_number, after.said) == ("topic", None, None)


WAITING = Call(CONTACT, "waiting", "de", PLAIN, Progress(turn=5), number=MOBILE)


def test_key_1_and_a_confirmation_keep_the_place_on_the_own_number() -> None:
    call = go_on(WAITING, "1")
    assert dialogue.question(call) == "confirm"
    after = press(call, "1")
    assert (after.step, after.to) == ("callback", MOBILE)


def test_a_withheld_caller_enters_a_number_first() -> None:
    call = go_on(replace(WAITING, number=None), "1")
    assert dialogue.question(call) == "number"
    call = go_on(call, "015112345678")
    assert (dialogue.question(call), call.progress.to) == ("confirm", MOBILE)


def test_a_number_that_cannot_be_called_is_asked_again_and_then_given_up() -> None:
    call = go_on(replace(WAITING, number=None), "1")
    for _ in range(2):
        call = go_on(call, "12")
        assert call.progress.said == "number_wrong"
    assert dialogue.question(go_on(call, "12")) == "wait"


def test_silence_at_the_confirmation_stays_in_line() -> None:
    call = go_on(go_on(WAITING, "1"), None)
    assert dialogue.question(call) == "wait"
    assert call.progress.to is None


def test_a_round_without_keys_changes_nothing() -> None:
    assert press(WAITING, None) == WAITING.progress


def test_what_is_not_offered_cannot_be_chosen() -> None:
    call = replace(WAITING, may_call_back=False, may_record=False)
    assert dialogue.question(go_on(call, "1")) == "wait"
    assert dialogue.question(go_on(call, "2")) == "wait"


def test_keys_while_an_agent_is_coming_choose_nothing() -> None:
    call = replace(WAITING, state="handling", connecting=Connecting(HANDLING, ROOM))
    assert press(call, "1").step == "line"


def test_a_late_key_of_the_waiting_loop_is_no_rating() -> None:
    ended = replace(WAITING, state="ended", outcome="completed", rateable=True)
    assert dialogue.question(ended) == "rate"
    assert dialogue.press(ended, "wait", 5, "1").stars is None
    assert dialogue.press(ended, "rate", 5, "4").stars == 4


def test_a_wrong_star_key_is_asked_again_twice() -> None:
    call = replace(WAITING, state="ended", outcome="completed", rateable=True)
    for _ in range(2):
        call = go_on(call, "9")
        assert dialogue.question(call) == "rate"
    assert dialogue.question(go_on(call, "9")) == "bye"


def test_whoever_asked_for_a_callback_may_hang_up() -> None:
    call = replace(WAITING, callback_to=MOBILE, progress=Progress(turn=7, step="callback"))
    assert dialogue.question(call) == "kept"
    assert dialogue.hung_up(call) is None
    assert dialogue.hung_up(replace(call, state="handling")) is None


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"state": "arriving"}, "abandoned"),
        ({"state": "waiting"}, "abandoned"),
        ({"state": "handling", "connecting": Connecting(HANDLING, ROOM)}, "abandoned"),
        (
            {"state": "handling", "connecting": Connecting(HANDLING, ROOM, True, True)},
            "completed",
        ),
        (
            {
                "state": "handling",
                "callback_to": MOBILE,
                "outbound": True,
                "connecting": Connecting(HANDLING, ROOM, agent_in=True),
            },
            "unreached",
        ),
        ({"state": "ended", "outcome": "completed"}, None),
    ],
)
def test_what_hanging_up_makes_of_a_contact(change: dict[str, object], outcome: object) -> None:
    assert dialogue.hung_up(replace(WAITING, **change)) == outcome  # type: ignore[arg-type]  # test data


def test_the_language_is_spoken_from_the_moment_it_is_chosen() -> None:
    call = arriving("language")
    call = replace(call, language="de", progress=with_(call.progress, language=None))
    assert call.spoken_language == "de"
    assert go_on(call, "2").spoken_language == "en"
