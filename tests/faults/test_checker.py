"""The checker of faults finds each kind of wrong history, and has nothing against right ones."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.checker import faults_of
from tests.faults.history import Contact, End, Hand, History, Operation, Rest, Told

pytestmark = pytest.mark.faults


def right() -> History:
    """c1 is declined by a, answered by b, given back, answered by a and ended; c2 waits; c3 was
    never answered for and came in by a repeat; c4 was refused."""
    history = History({("a", "chat"): 1, ("b", "chat"): 1})
    history.operations = [
        Operation(1, "arrive", "k1", "c1", result="done"),
        Operation(2, "arrive", "k2", "c2", result="done"),
        Operation(3, "arrive", "k3", result="unknown"),
        Operation(4, "arrive", "k3", "c3", result="done"),
        Operation(5, "arrive", "k4", result="failed"),
        Operation(6, "arrive", "k5", result="unknown"),
    ]
    history.told = [
        Told(1.0, "offer", "c1", "a", "c1.1.1"),
        Told(2.0, "waiting", "c2"),
        Told(2.5, "waiting", "c3"),
        Told(3.0, "offer_gone", "c1", "a", "c1.1.1", "declined"),
        Told(3.0, "offer", "c2", "a", "c2.1.1"),
        Told(3.0, "offer", "c1", "b", "c1.1.2"),
        Told(3.1, "handling", "c1", "b", "c1.1.2"),
        Told(3.2, "offer_gone", "c2", "a", "c2.1.1", "declined"),
        Told(3.2, "offer", "c3", "a", "c3.1.1"),
        Told(3.3, "handling", "c3", "a", "c3.1.1"),
        Told(4.0, "waiting", "c1"),
        Told(4.5, "ended", "c3"),
        Told(5.0, "offer", "c1", "a", "c1.3.3"),
        Told(5.5, "handling", "c1", "a", "c1.3.3"),
        Told(6.0, "ended", "c1"),
    ]
    history.ends = [End("c3", "completed")]
    history.contacts = [
        Contact("c1", "k1", "en", 1.0, "ended", "completed", 6.0, moved=True),
        Contact("c2", "k2", "en", 2.0, "waiting"),
        Contact("c3", "k3", "en", 2.5, "ended", "completed", 4.5),
    ]
    history.hands = [
        Hand("h1", "c1", "b", "chat", 3.1, 4.0, 4.0),
        Hand("h2", "c3", "a", "chat", 3.3, 4.5, 4.6),
        Hand("h3", "c1", "a", "chat", 5.5, 6.0, 6.5),
    ]
    history.rest = Rest(loads={("a", "chat"): 0}, waiting={"c2"})
    return history


def test_a_right_history_is_right() -> None:
    assert faults_of(right()) == []


def _rest(history: History) -> Rest:
    assert history.rest is not None
    return history.rest


def _contact(history: History, at: int, **changed: object) -> None:
    history.contacts[at] = history.contacts[at]._replace(**changed)  # type: ignore[arg-type] # by name


def _hand(history: History, at: int, **changed: object) -> None:
    history.hands[at] = history.hands[at]._replace(**changed)  # type: ignore[arg-type] # by name


def _twice(history: History) -> None:
    history.contacts.append(Contact("c9", "k2", "en", 2.0, "ended", "completed", 3.0))


def _elsewhere(history: History) -> None:
    history.operations[0] = replace(history.operations[0], contact="c9")


def _skipped(history: History) -> None:
    del history.told[7], history.told[4]


def _emptied_and_out_of_order(history: History) -> None:
    # c3 is offered after the store was lost, while c2 waited for longer
    history.told[8:8] = [Told(3.2, "emptied")]
    history.told.remove(Told(3.2, "offer_gone", "c2", "a", "c2.1.1", "declined"))


WRONG: list[tuple[str, Callable[[History], object], str]] = [
    ("kept", lambda h: h.contacts.pop(1), "k2 was accepted and is lost"),
    ("kept", _twice, "k2 is 2 contacts"),
    ("kept", _elsewhere, "k1 was told c9, and is c1"),
    ("kept", lambda h: _contact(h, 1, state="handling"), "c2 is in hand, and in nobody's"),
    ("kept", lambda h: _hand(h, 2, left=None), "c1 is ended and in somebody's hands"),
    ("kept", lambda h: _contact(h, 0, outcome=None), "c1 is ended with the outcome None"),
    ("kept", lambda h: _contact(h, 1, outcome="closed"), "c2 is waiting with the outcome closed"),
    ("asked", lambda h: _contact(h, 1, key="k9"), "c2 came from nowhere"),
    (
        "asked",
        lambda h: h.contacts.append(Contact("c4", "k4", "en", 7.0, "waiting")),
        "k4 was refused and is there",
    ),
    (
        "asked",
        lambda h: h.told.append(Told(9.0, "offer", "c8", "b", "c8.1.1")),
        "c8 was offered and is nobody",
    ),
    ("one offer", lambda h: h.told.pop(3), "c1 has the offers c1.1.1 and c1.1.2"),
    ("one offer", lambda h: h.told.pop(7), "a has the offers c2.1.1 and c3.1.1"),
    ("one agent", lambda h: _hand(h, 0, left=5.6, done=5.6), "c1 is with b and a"),
    ("one agent", lambda h: _hand(h, 0, left=None), "c1 is with b and a"),
    ("load", lambda h: _hand(h, 1, done=6.0), "a holds 2 of 1 on chat"),
    ("load", lambda h: h.capacity.clear(), "holds 1 of 0 on chat"),
    (
        "load",
        lambda h: _hand(h, 1, done=9.0),
        "a was offered c1 with their hands full",
    ),
    ("order", _skipped, "c3 was offered before c2, who waited for longer"),
    ("order", _emptied_and_out_of_order, "c3 was offered before c2, who waited for longer"),
    ("absorbs", lambda h: h.ends.append(End("c1", "abandoned")), "ended as abandoned and is"),
    ("absorbs", lambda h: h.ends.append(End("c2", "closed")), "ended as closed and is waiting"),
    ("absorbs", lambda h: _contact(h, 0, ended=5.2), "c1 was accepted after its end"),
    ("absorbs", lambda h: h.told.append(Told(8, "offer", "c3", "b", "c3.1.2")), "told offer after"),
    ("absorbs", lambda h: h.told.append(Told(8, "waiting", "c1")), "told waiting after its end"),
    ("rest", lambda h: _rest(h).loads.update({("a", "chat"): 1}), "a holds 0 on chat, and counts"),
    ("rest", lambda h: _hand(h, 2, done=None), "a holds 1 on chat, and counts for 0"),
    ("rest", lambda h: _rest(h).offers.update({"a": "c2.1.1"}), "a is reserved for c2.1.1"),
    ("rest", lambda h: _rest(h).waiting.clear(), "c2 waits, and is not in line"),
    ("rest", lambda h: _rest(h).waiting.add("c1"), "c1 is in line, and does not wait"),
    ("rest", lambda h: setattr(_rest(h), "outbox", 2), "2 operations were never applied"),
]


@pytest.mark.parametrize(("rule", "spoil", "says"), WRONG, ids=[f"{r}: {s}" for r, _, s in WRONG])
def test_a_wrong_history_is_named(rule: str, spoil: Callable[[History], object], says: str) -> None:
    history = right()
    spoil(history)
    found = faults_of(history)
    assert any(fault.rule == rule and says in fault.says for fault in found), found


def test_an_open_offer_that_can_be_answered_is_no_reservation() -> None:
    history = right()
    _rest(history).offers["b"] = "c2.1.2"
    _rest(history).ringing.add("c2.1.2")
    assert faults_of(history) == []


class House:
    """A call center without faults, played by chance: one line, agents with room for one or two.

    It writes down what a right service would have told.
    """

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.now = chance, 0.0
        self.capacity = {f"a{n}": chance.randint(1, 2) for n in range(3)}
        self.history = History({(a, "chat"): n for a, n in self.capacity.items()})
        self.holds: dict[str, list[str]] = {agent: [] for agent in self.capacity}
        self.ringing: dict[str, str] = {}
        self.passed: set[tuple[str, str]] = set()
        self.line: list[str] = []
        self.contacts: dict[str, Contact] = {}
        self.offers = 0
        self.offer_of: dict[str, str] = {}

    def play(self, moves: int) -> History:
        for _ in range(moves):
            self.now += 1.0
            self.chance.choice(
                [self.arrive, self.arrive, self.accept, self.accept, self.decline, self.end]
                if self.chance.random() < 0.9
                else [self.lose_store]
            )()
            self.match()
        self.history.contacts = list(self.contacts.values())
        # all is quiet once nobody is asked
        for agent, contact in list(self.ringing.items()):
            self.tell("offer_gone", contact, agent, why="missed")
            self.line.append(contact)
        self.history.rest = Rest(
            loads={(agent, "chat"): len(held) for agent, held in self.holds.items()},
            waiting=set(self.line),
        )
        return self.history

    def tell(self, what: str, contact: str = "", agent: str = "", why: str = "") -> None:
        offer = f"{contact}.{self.offers}" if what == "offer" else self.offer_of.get(contact, "")
        self.history.told.append(Told(self.now, what, contact, agent, offer, why))
        if what == "offer":
            self.offer_of[contact] = offer

    def arrive(self) -> None:
        contact = f"c{len(self.contacts)}"
        operation = self.history.invoked("arrive", key=f"k{contact}")
        operation.done(contact)
        self.contacts[contact] = Contact(contact, f"k{contact}", "en", self.now, "waiting")
        self.line.append(contact)
        self.tell("waiting", contact)

    def match(self) -> None:
        for contact in sorted(self.line, key=lambda each: self.contacts[each].arrived):
            for agent, held in self.holds.items():
                free = agent not in self.ringing and len(held) < self.capacity[agent]
                if free and (contact, agent) not in self.passed:
                    self.offers += 1
                    self.ringing[agent] = contact
                    self.line.remove(contact)
                    self.tell("offer", contact, agent)
                    break

    def accept(self) -> None:
        for agent, contact in list(self.ringing.items())[:1]:
            del self.ringing[agent]
            self.holds[agent].append(contact)
            self.contacts[contact] = self.contacts[contact]._replace(state="handling")
            self.history.hands.append(
                Hand(f"h{len(self.history.hands)}", contact, agent, "chat", self.now)
            )
            self.tell("handling", contact, agent)

    def decline(self) -> None:
        for agent, contact in list(self.ringing.items())[:1]:
            del self.ringing[agent]
            self.passed.add((contact, agent))
            self.line.append(contact)
            self.tell("offer_gone", contact, agent, "declined")

    def end(self) -> None:
        for place, hand in enumerate(self.history.hands):
            if hand.left is None:
                self.holds[hand.agent].remove(hand.contact)
                self.history.hands[place] = hand._replace(left=self.now, done=self.now)
                self.contacts[hand.contact] = self.contacts[hand.contact]._replace(
                    state="ended", outcome="completed", ended=self.now
                )
                self.tell("ended", hand.contact)
                self.history.ends.append(End(hand.contact, "completed"))
                return

    def lose_store(self) -> None:
        self.line += self.ringing.values()
        self.ringing.clear()
        self.passed.clear()
        self.history.told.append(Told(self.now, "emptied"))


chances = st.randoms(use_true_random=False)


@settings(max_examples=60, deadline=None)
@given(chances, st.integers(0, 80))
def test_whatever_a_right_house_does_is_right(chance: random.Random, moves: int) -> None:
    assert faults_of(House(chance).play(moves)) == []


@settings(max_examples=60, deadline=None)
@given(chances)
def test_a_contact_that_is_lost_doubled_or_held_twice_is_found(chance: random.Random) -> None:
    history = House(chance).play(60)
    if not history.hands:
        return
    hand = chance.choice(history.hands)
    place = next(n for n, each in enumerate(history.contacts) if each.id == hand.contact)
    spoil, rule = chance.choice(
        [
            (lambda: history.contacts.pop(place), "kept"),
            (lambda: history.contacts.append(history.contacts[place]), "kept"),
            (lambda: history.hands.append(hand._replace(id="h", agent="a9")), "one agent"),
            (lambda: history.hands.append(hand._replace(id="h", agent="a9")), "load"),
            (
                lambda: history.ends.append(End(hand.contact, "abandoned")),
                "absorbs",
            ),
        ]
    )
    spoil()
    assert rule in {fault.rule for fault in faults_of(history)}
