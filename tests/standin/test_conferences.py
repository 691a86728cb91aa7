"""Two calls in one room: who hears what, what is told, how it ends."""

from __future__ import annotations

from router.standin import Call, Standin
from tests.standin.service import CALLER, NUMBER, Service, until

EVENTS = "start end join leave mute hold modify"


def room(
    name: str = "C1", label: str = "", *, action: str = "", more: str = "", event: str = EVENTS
) -> str:
    labelled = f' participantLabel="{label}"' if label else ""
    acts = f' action="{action}"' if action else ""
    return (
        f"<Dial{acts}><Conference{labelled} beep='false' statusCallback='/conference' "
        f"statusCallbackEvent='{event}' {more}>{name}</Conference></Dial>"
    )


async def enter(service: Service, standin: Standin, document: str, from_: str = CALLER) -> Call:
    """A new caller whose first document is this."""
    service.says("/voice", document)
    call = await standin.call(from_=from_, to=NUMBER)
    await until(
        lambda: any(part.kind == "conference" for part in call.transcript.parts) or call.over_now,
        "in the room",
    )
    return call


async def test_a_room_starts_with_two_and_ends_with_the_one_who_may_end_it(
    service: Service, standin: Standin
) -> None:
    caller = await enter(service, standin, room(label="caller", action="/done"))
    service.says("/done", "<Say>How was it</Say>")
    ends = "endConferenceOnExit='true'"
    agent = await enter(service, standin, room(label="agent", more=ends), "+491709999999")
    await until(lambda: len(service.events()) == 3, "the start")
    agent.hang_up()
    await agent.over()
    await caller.hears("how was it")
    await until(lambda: "conference-end" in service.events(), "the end")
    assert service.events() == [
        "participant-join",
        "participant-join",
        "conference-start",
        "participant-leave",
        "participant-leave",
        "conference-end",
    ]
    told = service.at("/conference")
    assert [int(params["SequenceNumber"]) for params in told] == [1, 2, 3, 4, 5, 6]
    assert len({params["ConferenceSid"] for params in told}) == 1
    assert {params["FriendlyName"] for params in told} == {"C1"}
    joined = told[1]
    assert joined["CallSid"] == agent.sid
    assert joined["ParticipantLabel"] == "agent"
    assert (joined["EndConferenceOnExit"], joined["Hold"], joined["Muted"]) == (
        "true",
        "false",
        "false",
    )
    assert told[3]["ReasonParticipantLeft"] == "participant_hung_up"
    assert told[4]["ReasonParticipantLeft"] == "moderator_ended_conference"
    assert told[5]["ReasonConferenceEnded"] == "participant-with-end-conference-on-exit-left"
    assert told[5]["CallSidEndingConference"] == agent.sid
    assert service.at("/done")[0]["DialCallStatus"] == "answered"
    assert all(asked.signed for asked in service.asked)
    assert standin.errors == []


async def test_without_an_action_the_next_verb_follows_the_room(
    service: Service, standin: Standin
) -> None:
    caller = await enter(service, standin, room() + "<Say>You are back</Say>")
    agent = await enter(service, standin, room(more="endConferenceOnExit='true'"))
    agent.hang_up()
    await caller.hears("you are back")


async def test_a_caller_who_hangs_up_in_a_room_still_has_the_action_told(
    service: Service, standin: Standin
) -> None:
    caller = await enter(service, standin, room(action="/done"))
    caller.hang_up()
    params = await service.asks("/done")
    assert params["CallStatus"] == "completed"
    await until(lambda: service.events()[-1] == "conference-end", "the end")
    assert service.at("/conference")[-1]["ReasonConferenceEnded"] == "last-participant-left"


async def test_only_the_first_participant_chooses_where_events_go(
    service: Service, standin: Standin
) -> None:
    await enter(service, standin, room(event="join"))
    other = room(event="join leave start end").replace("/conference", "/elsewhere")
    agent = await enter(service, standin, other)
    agent.hang_up()
    await agent.over()
    await service.asks("/conference", 2)
    assert service.events() == ["participant-join", "participant-join"]
    assert service.at("/elsewhere") == []


async def test_a_second_participant_with_the_same_label_is_refused(
    service: Service, standin: Standin
) -> None:
    await enter(service, standin, room(label="attempt-1"))
    second = await enter(service, standin, room(label="attempt-1") + "<Say>Not twice</Say>")
    await second.hears("not twice")
    assert [error.code for error in standin.errors] == [16025]
    assert service.events() == ["participant-join"]


async def test_a_label_that_looks_like_a_call_is_refused(
    service: Service, standin: Standin
) -> None:
    label = "CA" + "0" * 32
    call = await enter(service, standin, room(label=label, action="/done"))
    await call.over()
    assert [error.code for error in standin.errors] == [16023]
    assert service.at("/done")[0]["DialCallStatus"] == "failed"


async def test_an_unknown_conference_event_is_refused(service: Service, standin: Standin) -> None:
    call = await enter(service, standin, room(event="join participant-left"))
    await call.over()
    assert [error.code for error in standin.errors] == [16002]


async def test_coaching_somebody_who_is_not_there_is_refused(
    service: Service, standin: Standin
) -> None:
    call = await enter(service, standin, room(more="coach='CAnobody'", action="/done"))
    await call.over()
    assert [error.code for error in standin.errors] == [13240]


async def test_who_waits_hears_the_wait_document_until_somebody_comes(
    service: Service, standin: Standin
) -> None:
    service.says("/wait", "<Say>Soon</Say><Redirect/>")
    caller = await enter(service, standin, room(more="waitUrl='/wait'"))
    await caller.hears("soon")
    await caller.hears("soon")
    assert service.at("/wait")[0]["FriendlyName"] == "C1"
    await enter(service, standin, room())
    heard = len(caller.transcript.said)
    await standin.clock.sleep(5)
    assert len(caller.transcript.said) == heard


async def test_keys_cannot_be_asked_for_in_a_wait_document(
    service: Service, standin: Standin
) -> None:
    service.says("/wait", "<Gather><Say>Press one</Say></Gather>")
    service.says("/done", "<Say>Out again</Say>")
    caller = await enter(service, standin, room(more="waitUrl='/wait'", action="/done"))
    await caller.hears("out again")
    assert [error.code for error in standin.errors] == [13238]
    assert "Press one" not in caller.transcript.said
    assert service.at("/done")[0]["DialCallStatus"] == "failed"


async def test_no_wait_address_is_music_and_an_empty_one_silence(
    service: Service, standin: Standin
) -> None:
    caller = await enter(service, standin, room())
    await caller.hears("hold-music")
    quiet = await enter(service, standin, room("C2", more="waitUrl=''"))
    await standin.clock.sleep(5)
    assert [part.kind for part in quiet.transcript.parts] == ["status", "conference"]


async def test_a_room_of_muted_starters_waits_for_one_who_may_start_it(
    service: Service, standin: Standin
) -> None:
    waits = "startConferenceOnEnter='false'"
    await enter(service, standin, room(more=waits))
    await enter(service, standin, room(more=waits))
    assert standin.rooms["C1"].status == "init"
    await enter(service, standin, room())
    assert standin.rooms["C1"].status == "in-progress"


async def test_a_name_is_free_again_when_its_conference_has_ended(
    service: Service, standin: Standin
) -> None:
    first = await enter(service, standin, room())
    sid = standin.rooms["C1"].sid
    first.hang_up()
    await first.over()
    await enter(service, standin, room())
    assert standin.rooms["C1"].sid != sid
    assert standin.conferences[sid].status == "completed"
