"""The scenes that server time is measured in: they match, and notice when nothing does."""

from __future__ import annotations

import asyncpg
import pytest

from router.bench import comparison, growth, skip_locked
from router.bench.comparison import both_ways, compare
from router.bench.match import Everybody
from router.bench.people import People
from router.bench.pictures import Picture
from router.bench.rows import Broken
from router.bench.scenes import MATCHES, Scene


def silent(_words: str) -> None:
    pass


@pytest.fixture
def scene(live: str) -> Scene:
    made = Scene(live, silent)
    made.idle(120)
    made.waiting(2 * MATCHES)
    made.busy(MATCHES)
    return made


def test_an_agent_of_a_scene_qualifies_for_25_kinds():
    people = People()
    people.speak("en", "de")
    assert len(people.agent("en")["kinds"]["chat"].split()) == 25
    everybody = Everybody()
    everybody.speak("en", "de")
    agents = [everybody.agent("en") for _ in range(200)]
    # one more for each further strategy under which anybody may be asked
    assert min(len(each["kinds"]["chat"].split()) for each in agents) == 29
    assert {each["tier"] for each in agents} == {1, 2}


def test_a_scene_matches_from_both_directions_and_keeps_its_size(scene):
    for _ in range(3):
        arrived, freed = scene.arrive(40), scene.become_free()
        assert arrived.calls == 40
        assert freed.calls == MATCHES
        assert 0 < arrived.inside < arrived.mean
        assert arrived.commands["xadd"][0] == 1


def test_with_everything_switched_on_every_contact_finds_somebody(live):
    made = Scene(live, silent, Everybody())
    made.picture.call("reserve", [{"share": 0.1}])
    made.idle(400)
    made.waiting(2 * MATCHES)
    made.busy(MATCHES)
    assert made.arrive(60).calls == 60
    assert made.become_free().calls == MATCHES


def test_who_comes_and_goes_and_asks_is_measured_too(scene):
    pause, back = scene.toggle()
    assert pause.calls == back.calls == 100
    scene.waiting(MATCHES)
    assert scene.stand().calls == MATCHES


def test_a_contact_that_finds_nobody_breaks_the_measurement(live):
    made = Scene(live, silent)
    made.idle(5)
    with pytest.raises(Broken, match="found nobody"):
        made.arrive(20)


def test_a_contact_that_is_offered_twice_breaks_the_measurement(scene, monkeypatch):
    real = Picture.timed

    def doubled(self, verb, arguments):
        answers, timing = real(self, verb, arguments)
        return [answers[0], answers[0], *answers[2:]], timing

    monkeypatch.setattr(Picture, "timed", doubled)
    with pytest.raises(Broken, match="offered twice"):
        scene.arrive(10)


def test_a_script_that_slows_down_with_its_scene_is_found_out(live):
    small, large = Scene(live, silent), Scene(live, silent)
    slow = "for i = 1, 300 do redis.call('EXISTS', 'x') end"
    ways = (("asks", lambda made: made.picture.bare(slow if made is large else "return 1", 20)),)
    ratio, told = compare(small, large, ways, silent, rounds=3)
    assert ratio.value > 1.25
    assert told.startswith("asks ")


def test_growth_is_measured_from_both_directions(monkeypatch):
    monkeypatch.setitem(growth.SIZES, "growth-waiting", (100, 300))
    monkeypatch.setattr(comparison, "ROUNDS", 3)
    (row,) = growth.run("growth-waiting", silent)
    assert row.value is not None
    assert row.value > 0
    assert "100 to 300: arrives" in row.note
    assert "becomes free" in row.note


def test_both_ways_are_two():
    assert [way for way, _ in both_ways()] == ["arrives", "becomes free"]


def test_skip_locked_assigns_each_contact_once_with_as_many_commits(monkeypatch):
    monkeypatch.setattr(skip_locked, "ROUNDS", 1)
    monkeypatch.setattr(skip_locked, "EACH", 3)
    monkeypatch.setattr(skip_locked, "ASSIGNMENTS", 3 * skip_locked.WORKERS)
    (row,) = skip_locked.run("skip-locked", silent)
    assert row.value is not None
    assert "commits each" in row.note


async def test_writing_transactions_are_counted_by_their_ids(database):
    pool = await asyncpg.create_pool(database, min_size=1, max_size=1)
    await pool.execute("create table counted (n int)")
    before = await skip_locked._transactions(pool)
    for n in range(5):
        await pool.execute("insert into counted values ($1)", n)
        await pool.fetchval("select count(*) from counted")
    assert await skip_locked._transactions(pool) - before == 5
    await pool.close()
