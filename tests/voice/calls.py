"""Calls in every state that there is, made by hypothesis, for the tests of the pure parts."""

from __future__ import annotations

from uuid import UUID

from hypothesis import strategies as st

from router.channels.voice.call import Call, Choice, Connecting, Entry, Progress

CONTACT = UUID("11111111-1111-4111-8111-111111111111")
HANDLING = UUID("22222222-2222-4222-8222-222222222222")
ROOM = f"{CONTACT}.3.1"
ENTRY = Entry(
    id=UUID("33333333-3333-4333-8333-333333333333"),
    workspace_id=UUID("44444444-4444-4444-8444-444444444444"),
    address="+4930111222",
    name="Acme & <Söhne>",
    languages=("de", "en"),
    language="de",
    menu=(
        Choice("1", "router", {"en": "Router", "de": "Router & <Modem>"}, ("network",)),
        Choice("2", "bill", {"en": "Billing"}),
    ),
)
PLAIN = Entry(
    id=ENTRY.id,
    workspace_id=ENTRY.workspace_id,
    address=ENTRY.address,
    name="Acme",
    language="en",
)

STEPS = (
    "language",
    "who",
    "pin",
    "checking",
    "topic",
    "line",
    "confirm",
    "number",
    "callback",
    "voicemail",
    "rated",
    "over",
)
SAID = (None, "who_wrong", "pin_wrong", "pin_locked", "topic_wrong", "number_wrong", "lost")

progresses = st.builds(
    Progress,
    turn=st.integers(1, 20),
    step=st.sampled_from(STEPS),
    said=st.sampled_from(SAID),
    tries=st.integers(0, 2),
    pins=st.integers(0, 2),
    language=st.sampled_from([None, "de", "en", "ru", "pt", "fr"]),
    topic=st.sampled_from([None, "router"]),
    expert_number=st.sampled_from([None, "4711"]),
    to=st.sampled_from([None, "+4915112345678"]),
    asked=st.booleans(),
    stars=st.sampled_from([None, 1, 5]),
)
connectings = st.builds(
    Connecting,
    handling=st.just(HANDLING),
    room=st.just(ROOM),
    agent_in=st.booleans(),
    active=st.booleans(),
    left=st.booleans(),
)
calls = st.builds(
    Call,
    contact=st.just(CONTACT),
    state=st.sampled_from(["arriving", "waiting", "handling", "ended"]),
    language=st.sampled_from(["de", "en", "pt", "ru", "sv"]),
    entry=st.sampled_from([ENTRY, PLAIN]),
    progress=progresses,
    identified=st.booleans(),
    number=st.sampled_from([None, "+4915112345678"]),
    outbound=st.booleans(),
    position=st.one_of(st.none(), st.integers(1, 5000)),
    wait_s=st.one_of(st.none(), st.floats(0, 1e6)),
    servable=st.booleans(),
    closed=st.sampled_from([None, "Heute geschlossen <& morgen auch>"]),
    may_call_back=st.booleans(),
    may_record=st.booleans(),
    callback_to=st.sampled_from([None, "+4915112345678"]),
    connecting=st.one_of(st.none(), connectings),
    leads=st.sampled_from([None, "callback", "voicemail", "close"]),
    told=st.sampled_from([None, "Wir rufen <gern> zurück."]),
    message=st.booleans(),
    outcome=st.sampled_from([None, "completed", "voicemail", "closed", "abandoned"]),
    rateable=st.booleans(),
)
keys = st.one_of(
    st.none(),
    st.sampled_from(["", "1", "2", "5", "9", "*", "#", "4711", "12345678901234567890", "hangup"]),
    st.text("0123456789*#", max_size=20),
)
