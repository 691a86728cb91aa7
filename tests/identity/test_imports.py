"""Experts from a file: what is taken, what is refused and why, and the same file twice."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.errors import Invalid, Malformed
from router.identity.changes import Holder, Known, plan
from router.identity.entries import Entry
from router.identity.experts import Experts
from router.identity.imports import parse
from router.identity.people import People

HEADER = "number,name,phones,mail,languages,network_size,account\n"
EVA = "4711,Eva,030 123456;+43 664 1234567,Eva@Example.org,de;en,120,eva\n"


def faults(text: str) -> list[tuple[int, str | None]]:
    return [(refusal.line, refusal.field) for refusal in parse(text.encode(), "DE").refused]


def test_a_row_becomes_an_entry() -> None:
    assert parse((HEADER + EVA).encode(), "DE").entries == (
        Entry(
            "4711", "Eva", ("+4930123456", "+436641234567"), "eva@example.org", "eva",
            ("de", "en"), 120, None, 2,
        ),
    )  # fmt: skip


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_files_of_every_spreadsheet_are_read(mark: str, end: str, separator: str) -> None:
    rows = [["Name ", "NUMBER", "phones"], ["Eva, Ko", "0042", '"030 123456;030 123457"'], []]
    rows[1][0] = '"Eva, Ko"'
    text = mark + end.join(separator.join(row) for row in rows)
    (entry,) = parse(text.encode(), "DE").entries
    assert (entry.number, entry.name) == ("0042", "Eva, Ko")
    assert entry.phones == ("+4930123456", "+4930123457")
    assert (entry.mail, entry.languages, entry.network_size) == (None, None, None)


def test_every_fault_of_a_row_is_told_with_its_line_and_column() -> None:
    text = HEADER + (
        "12,Eva,,,,,\n"
        "4711,,,,,,\n"
        '4712,"Eva\nKo",,,,,\n'  # two lines
        "4713,Eva,not a number,,,,\n"
        "4714,Eva,,not a mail,,,\n"
        "4715,Eva,,,deutsch!,,\n"
        "4716,Eva,,,,-1,\n"
        "4717,Eva,,,,1e3,\n"
        f"4718,{'x' * 201},,,,,\n"
        f"4719,Eva,,,,,{'x' * 3000}\n"
        "4720,Ev\0a,,,,,\n"
        "4721,Eva\n"
        "4722,Eva,,,,,,extra\n"
        "\n"
        "4723,Eva,anonymous,,,,\n"
        "٤٧٢٤,Eva,,,,,\n"
        "4725,Eva,,,,99999999999,\n"
        f"4726,Eva,{';'.join(f'030 12345{n:02}' for n in range(11))},,,,\n"
        "4727,Eva,,,,,\n"
    )
    assert faults(text) == [
        (2, "number"), (3, "name"), (4, "name"), (6, "phones"), (7, "mail"), (8, "languages"),
        (9, "network_size"), (10, "network_size"), (11, "name"), (12, "account"), (13, "name"),
        (14, None), (15, None), (17, "phones"), (18, "number"), (19, "network_size"),
        (20, "phones"),
    ]  # fmt: skip
    assert [entry.number for entry in parse(text.encode(), "DE").entries] == ["4727"]


def test_what_stands_in_the_file_twice_is_taken_once() -> None:
    text = HEADER + EVA + (
        "4711,Eva again,,,,,\n"
        "4712,Ben,+4930123456,,,,\n"
        "4713,Cem,,EVA@example.org,,,\n"
        "4714,Dua,,,,,eva\n"
    )  # fmt: skip
    assert faults(text) == [(3, "number"), (4, "phones"), (5, "mail"), (6, "account")]
    assert parse(text.encode(), "DE").refused[1].why == (
        "This is on line 2 already, with another expert."
    )


@pytest.mark.parametrize(
    ("data", "error", "why"),
    [
        (b"", Malformed, "empty"),
        (b"\xef\xbb\xbf  \n", Malformed, "empty"),
        ("number,name\n4711,Jürgen\n".encode("latin-1"), Malformed, r"not UTF-8 \(line 2\)"),
        (HEADER.encode("utf-16"), Malformed, "not UTF-8"),
        (b"number\n4711\n", Invalid, "lacks"),
        (b"number,name,phone\n", Invalid, "no column “phone”"),
        (b"number,name,number\n", Invalid, "twice"),
        (b'number,name\n4711,"Eva\n4712,Ben\n', Malformed, "begins on line 2"),
        (b'number,name\n4711,"Eva"x\n', Malformed, "begins on line 2"),
        (b"\0" * 100, Invalid, "no column"),
        (b"number,name\n4711," + b"x" * 200_000, Malformed, "begins on line 2"),
        (b"x" * (32 * 2**20 + 1), Invalid, "32 MiB"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(
    data: bytes, error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        parse(data, "DE")


@settings(deadline=None)
@given(
    st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "ignore"))
)
def test_no_bytes_at_all_make_the_reader_fall(data: bytes) -> None:
    for file in (data, HEADER.encode() + data):
        with suppress(Invalid, Malformed):
            parse(file, "DE")


async def test_the_same_file_again_changes_nothing(
    experts: Experts, ws: UUID, pool: asyncpg.Pool
) -> None:
    data = (HEADER + EVA + "4712,Ben,,,,,\n").encode()
    first = await experts.read_file(ws, data)
    before = await pool.fetch("select * from address order by value")
    second = await experts.read_file(ws, data)
    assert (first.created, first.updated, first.unchanged) == (2, 0, 0)
    assert (second.created, second.updated, second.unchanged, second.refused) == (0, 0, 2, ())
    assert await pool.fetch("select * from address order by value") == before


async def test_a_changed_row_changes_what_it_says_and_nothing_else(
    experts: Experts, people: People, ws: UUID, pool: asyncpg.Pool
) -> None:
    await experts.read_file(ws, (HEADER + EVA).encode())
    report = await experts.read_file(ws, b"number,name,phones\n4711,Eva Ko,030 777777\n")
    assert (report.created, report.updated, report.unchanged) == (0, 1, 0)
    row = await pool.fetchrow("select * from expert join person on id = person_id")
    assert (row["name"], row["network_size"], row["languages"]) == ("Eva Ko", 120, ["de", "en"])
    # the former number may be somebody else's by now
    assert (await people.by_phone(ws, "+4930123456", attested=True)).role == "customer"
    assert (await people.by_phone(ws, "+4930777777", attested=False)).role == "expert"
    assert await pool.fetchval("select value from address where kind = 'mail'") == "eva@example.org"


async def test_a_phone_of_another_expert_is_refused_and_the_rest_is_taken(
    experts: Experts, people: People, ws: UUID
) -> None:
    await experts.read_file(ws, (HEADER + EVA).encode())
    report = await experts.read_file(
        ws, b"number,name,phones\n4712,Ben,+4930123456\n4713,Cem,+4930123457\n"
    )
    assert report.created == 1
    (refusal,) = report.refused
    assert (refusal.line, refusal.field) == (2, "phones")
    assert refusal.why == "This belongs to the expert with the number 4711."
    found = await people.by_phone(ws, "+4930123456", attested=True)
    assert found.name == "Eva"


@pytest.mark.parametrize("order", [("4711", "4712"), ("4712", "4711")])
async def test_two_experts_can_swap_their_phones_in_one_file(
    experts: Experts, people: People, ws: UUID, order: tuple[str, str]
) -> None:
    phones = {"4711": "+4930123456", "4712": "+4930123457"}
    head = "number,name,phones\n"
    await experts.read_file(ws, (head + "".join(f"{n},{n},{phones[n]}\n" for n in order)).encode())
    phones = {"4711": "+4930123457", "4712": "+4930123456"}
    report = await experts.read_file(
        ws, (head + "".join(f"{n},{n},{phones[n]}\n" for n in order)).encode()
    )
    assert (report.updated, report.refused) == (2, ())
    assert (await people.by_phone(ws, "+4930123457", attested=True)).name == "4711"


def test_a_row_that_is_refused_gives_up_nothing() -> None:
    def known(number: int, phone: str) -> Known:
        return Known(UUID(int=number), "x", (), 0, True, frozenset({("phone", phone)}))

    experts = {"1111": known(1, "a"), "2222": known(2, "b"), "3333": known(3, "c")}
    holders = {
        ("phone", phone): Holder(UUID(int=n), f"{n}" * 4) for n, phone in ((1, "a"), (2, "b"))
    } | {("phone", "c"): Holder(UUID(int=3), "3333"), ("phone", "d"): Holder(UUID(int=4), "4444")}
    # 1 wants b, which 2 would give up for c, which 3 would give up for d, which is 4's
    chain = [
        Entry("1111", "x", ("b",), line=2),
        Entry("2222", "x", ("c",), line=3),
        Entry("3333", "x", ("d",), line=4),
    ]
    done = plan(chain, experts, holders)
    assert [refusal.line for refusal in done.refused] == [2, 3, 4]
    assert done.updated == ()


async def test_whoever_called_from_an_experts_number_before_was_this_expert(
    experts: Experts, people: People, ws: UUID, pool: asyncpg.Pool
) -> None:
    stranger = await people.by_phone(ws, "+4930123456", attested=False)
    queue = await pool.fetchval(
        "insert into queue (workspace_id, slug, name) values ($1, 'q', 'Q') returning id", ws
    )
    await pool.execute(
        "insert into contact (workspace_id, channel, provider_key, person_id, role, assurance,"
        " language, queue_id, state) values ($1, 'voice', 'k', $2, 'customer', 0, 'de', $3,"
        " 'waiting')",
        ws, stranger.person_id, queue,
    )  # fmt: skip
    await experts.read_file(ws, (HEADER + EVA).encode())
    expert = await people.by_phone(ws, "+4930123456", attested=False)
    assert expert.role == "expert"
    assert await pool.fetchval("select person_id from contact") == expert.person_id


@pytest.mark.parametrize("rows", [20_000, pytest.param(100_000, marks=pytest.mark.soak)])
async def test_a_large_file_is_read_while_others_are_served(
    experts: Experts, ws: UUID, rows: int
) -> None:
    chance = random.Random(1)
    lines = [
        f"{n:06},Expert {n},+4915{n + 100_000_000},e{n}@example.org,de;en,{chance.randrange(300)},"
        for n in range(rows)
    ]
    data = (HEADER + "\n".join(lines)).encode()
    longest = 0.0

    async def beat() -> None:
        nonlocal longest
        while True:
            # processor time of this thread: a busy machine is nobody's fault
            before = time.thread_time()
            await asyncio.sleep(0.005)
            longest = max(longest, time.thread_time() - before)

    heart = asyncio.create_task(beat())
    first = await experts.read_file(ws, data)
    heart.cancel()
    assert (first.created, first.refused[:3]) == (rows, ())
    assert longest < rows / 25_000, f"everybody else waited for {longest:.1f} s"
    assert (await experts.read_file(ws, data)).unchanged == rows
