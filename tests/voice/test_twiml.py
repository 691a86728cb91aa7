"""What callers hear, state by state, by Twilio's rules."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given

from router.channels.voice import documents, twiml
from router.channels.voice.call import Call, Connecting, Progress
from router.channels.voice.dialogue import question
from router.channels.voice.documents import Addresses
from tests.voice import calls
from tests.voice.calls import CONTACT, ENTRY, HANDLING, PLAIN, ROOM

TO = Addresses("https://voice.example.com")
WAITING = Call(CONTACT, "waiting", "en", PLAIN, Progress(turn=3), number="+4915112345678")


def parse(document: str) -> ElementTree.Element:
    return ElementTree.fromstring(document)


def said(document: str) -> str:
    return " ".join(verb.text or "" for verb in parse(document).iter("Say"))


@given(calls.calls)
def test_whatever_the_state_the_answer_is_twiml_that_twilio_takes(call: Call) -> None:
    document = twiml.answer(call, TO)
    assert len(document) < 4000
    root = parse(document)
    assert root.tag == "Response"
    assert len(root) > 0, "a caller must never fall off the end in silence"
    for verb in root.iter():
        for name, value in verb.attrib.items():
            if name in ("action", "statusCallback"):
                assert value.startswith("https://voice.example.com/twilio/voice/")
        if verb.tag == "Redirect":
            assert (verb.text or "").startswith("https://voice.example.com/twilio/voice/")
        if verb.tag == "Gather":
            assert {inner.tag for inner in verb} <= {"Say", "Play", "Pause"}
        if verb.tag == "Say":
            assert verb.text
            assert len(verb.text) <= 4096
            assert "-" in verb.attrib["language"]
        if verb.tag == "Conference":
            assert len(verb.text or "") <= 64
            assert len(verb.attrib["participantLabel"]) <= 128
            assert "/" not in verb.attrib["participantLabel"]


@given(calls.calls)
def test_the_same_state_always_gets_the_same_answer(call: Call) -> None:
    assert twiml.answer(call, TO) == twiml.answer(call, TO)


@given(calls.calls)
def test_an_answer_either_goes_on_somewhere_or_says_goodbye(call: Call) -> None:
    last = list(parse(twiml.answer(call, TO)))[-1]
    assert last.tag in ("Redirect", "Dial", "Hangup")


def test_a_waiting_round_tells_the_place_the_wait_and_the_ways_out() -> None:
    call = replace(WAITING, position=3, wait_s=250, may_record=True)
    heard = said(twiml.answer(call, TO))
    assert "You are number 3 in line." in heard
    assert "about 5 minutes" in heard
    assert "press 1" in heard
    assert "press 2" in heard


def test_while_nobody_could_serve_no_wait_is_promised() -> None:
    heard = said(twiml.answer(replace(WAITING, position=3, wait_s=250, servable=False), TO))
    assert "nobody is here" in heard
    assert "minutes" not in heard


def test_what_the_policy_does_not_allow_is_not_offered() -> None:
    heard = said(twiml.answer(replace(WAITING, may_call_back=False, may_record=False), TO))
    assert "press" not in heard


def test_a_waiting_round_listens_to_keys_all_the_time_and_comes_again() -> None:
    root = parse(twiml.answer(WAITING, TO))
    gather, redirect = list(root)
    assert gather.attrib["numDigits"] == "1"
    assert gather.attrib["action"] == f"{TO.base}/twilio/voice/{CONTACT}/wait?turn=3"
    assert int(gather.attrib["timeout"]) >= 20
    assert redirect.text == f"{TO.base}/twilio/voice/{CONTACT}/wait"


def test_music_fills_the_pause_where_the_entry_point_has_some() -> None:
    entry = replace(PLAIN, prompts={"en": {"music": "https://x.example/calm.mp3"}})
    root = parse(twiml.answer(replace(WAITING, entry=entry), TO))
    assert [play.text for play in root.iter("Play")] == ["https://x.example/calm.mp3"]


def test_the_caller_joins_the_room_of_the_attempt_and_may_end_it() -> None:
    call = replace(WAITING, state="handling", connecting=Connecting(HANDLING, ROOM, agent_in=True))
    dial = parse(twiml.answer(call, TO)).find("Dial")
    assert dial is not None
    assert dial.attrib["action"].endswith(f"/{CONTACT}/done?handling={HANDLING}")
    room = dial.find("Conference")
    assert room is not None
    assert room.text == ROOM
    assert room.attrib["endConferenceOnExit"] == "true"
    assert room.attrib["startConferenceOnEnter"] == "true"


def test_before_the_agent_is_in_the_caller_stays_in_the_loop() -> None:
    call = replace(WAITING, state="handling", connecting=Connecting(HANDLING, ROOM))
    assert question(call) == "wait"
    assert "We are connecting you" in said(twiml.answer(call, TO))


def test_out_of_the_room_the_caller_is_kept_until_it_is_known_why() -> None:
    connecting = Connecting(HANDLING, ROOM, agent_in=False, active=True, left=True)
    root = parse(twiml.answer(replace(WAITING, state="handling", connecting=connecting), TO))
    assert [verb.tag for verb in root] == ["Pause", "Redirect"]
    assert (root[1].text or "").endswith(f"/lost?handling={HANDLING}")


def test_after_a_conversation_the_caller_is_asked_for_stars_in_their_language() -> None:
    call = replace(
        WAITING, state="ended", outcome="completed", rateable=True, language="ru", entry=ENTRY
    )
    root = parse(twiml.answer(call, TO))
    say = next(root.iter("Say"))
    assert say.attrib["language"] == "ru-RU"
    assert "от 1 до 5" in (say.text or "")


def test_each_language_is_offered_in_its_own_words() -> None:
    call = Call(CONTACT, "arriving", "de", ENTRY, Progress(turn=1, step="language"))
    voices = [
        (say.attrib["language"], say.text) for say in parse(twiml.answer(call, TO)).iter("Say")
    ]
    assert voices == [
        ("de-DE", "Willkommen bei Acme & <Söhne>."),
        ("de-DE", "Für Deutsch drücken Sie die 1."),
        ("en-US", "For English, press 2."),
    ]


def test_the_own_number_is_confirmed_by_its_end_and_another_one_in_full() -> None:
    asked = Progress(turn=4, step="confirm", to="+4915112345678")
    assert "ends in 5 6 7 8" in said(twiml.answer(replace(WAITING, progress=asked), TO))
    other = replace(WAITING, progress=asked, number=None)
    assert "4 9 1 5 1 1 2 3 4 5 6 7 8" in said(twiml.answer(other, TO))


def test_a_closed_queue_says_the_supervisors_announcement() -> None:
    call = replace(WAITING, state="ended", outcome="closed", closed="Back on Monday <9:00>")
    root = parse(twiml.answer(call, TO))
    assert [verb.tag for verb in root] == ["Say", "Hangup"]
    assert root[0].text == "Back on Monday <9:00>"


@pytest.mark.parametrize("entry", [None, ENTRY, PLAIN])
def test_on_hold_only_what_a_hold_address_may_answer(entry: object) -> None:
    root = parse(documents.hold("de", entry))  # type: ignore[arg-type]  # parametrised
    assert {verb.tag for verb in root} <= {"Say", "Play", "Pause", "Redirect"}


def test_in_trouble_the_caller_is_kept_without_any_store() -> None:
    root = parse(documents.trouble("https://voice.example.com/twilio/voice/incoming", "de"))
    assert [verb.tag for verb in root] == ["Say", "Pause", "Redirect"]
