"""Experts from a CSV file: read and checked, row by row. Pure; `register.py` stores them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from router.errors import Invalid, Malformed
from router.identity import entries
from router.identity.entries import Entry

REQUIRED = ("number", "name")
COLUMNS = (*REQUIRED, "phones", "mail", "languages", "network_size", "account")
MAX_BYTES = 32 * 1024 * 1024
MAX_ROWS = 200_000
MAX_CELL = 2_000
_SEPARATORS = ",;\t"


@dataclass(frozen=True)
class Refusal:
    """A row that was not taken: its line in the file (from 1), the column at fault, and why."""

    line: int
    field: str | None
    why: str


@dataclass(frozen=True)
class Parsed:
    """The rows that can be stored, and those that cannot, both in the file's order."""

    entries: tuple[Entry, ...]
    refused: tuple[Refusal, ...]


def parse(data: bytes, country: str) -> Parsed:
    """The experts of a CSV file with a header, in UTF-8 (a byte order mark is fine).

    Columns, in any order: number, name; if wanted phones (several separated by ;), mail,
    languages (likewise), network_size, account. A column that is not there leaves what is known;
    an empty cell empties it. Cells are separated by comma, semicolon or tab, as in the header.
    country: whose dialling habits apply to phones without a plus.

    Raises Malformed when it cannot be read as such a file, Invalid naming the header's fault;
    a row's faults are in the answer.
    """
    if len(data) > MAX_BYTES:
        raise Invalid(f"The file may have at most {MAX_BYTES // 2**20} MiB.")
    rows = _rows(_text(data))
    _, header = next(rows, (0, []))
    columns = _columns(header)
    taken: list[Entry] = []
    refused: list[Refusal] = []
    numbers: dict[str, int] = {}
    addresses: dict[tuple[str, str], int] = {}
    for count, (line, cells) in enumerate(rows, start=1):
        if count > MAX_ROWS:
            raise Invalid(f"The file may have at most {MAX_ROWS} rows.")
        try:
            entry = _entry(columns, cells, line, country)
            _once(entry, numbers, addresses)
        except Invalid as error:
            refused.append(Refusal(line, error.field, error.message))
        else:
            taken.append(entry)
    return Parsed(tuple(taken), tuple(refused))


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Malformed(
            f"The file is not UTF-8 (line {line}). Save it as “CSV UTF-8” and send it again."
        ) from None
    if not text.strip():
        raise Malformed("The file is empty; it needs a header with number and name.")
    return text


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line on which it begins."""
    header = text.lstrip().splitlines()[0]
    separator = max(_SEPARATORS, key=header.count)
    # rows end at line feeds alone: splitlines() would also cut at characters inside of a name
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    reader = csv.reader((line + "\n" for line in lines), delimiter=separator, strict=True)
    begin = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begin, cells
            begin = reader.line_num + 1
    except csv.Error as error:
        raise Malformed(f"The row that begins on line {begin} cannot be read: {error}.") from None


def _columns(header: list[str]) -> list[str]:
    columns = [cell.strip().lower() for cell in header]
    while columns and not columns[-1]:
        columns.pop()  # a spreadsheet's empty columns at the right
    for column in columns:
        if column not in COLUMNS:
            raise Invalid(
                f"There is no column “{column[:40]}”; there are {', '.join(COLUMNS)}.",
                field=column[:40] or None,
            )
        if columns.count(column) > 1:
            raise Invalid("The header has this column twice.", field=column)
    for column in REQUIRED:
        if column not in columns:
            raise Invalid("The header lacks this column.", field=column)
    return columns


def _entry(columns: list[str], cells: list[str], line: int, country: str) -> Entry:
    if any(cell.strip() for cell in cells[len(columns) :]):
        raise Invalid(f"There are {len(cells)} cells, but {len(columns)} columns.")
    if len(cells) < len(columns):
        raise Invalid(f"There are only {len(cells)} cells for {len(columns)} columns.")
    row = dict(zip(columns, cells, strict=False))
    for column, cell in row.items():
        if len(cell) > MAX_CELL:
            raise Invalid(f"This has more than {MAX_CELL} characters.", field=column)
        if "\0" in cell:
            raise Invalid("NUL is not allowed here.", field=column)
    return Entry(
        line=line,
        number=entries.expert_number(row["number"]),
        name=entries.name(row["name"]),
        phones=entries.phones(entries.split(row["phones"]), country) if "phones" in row else None,
        mail=entries.mail(row["mail"]) if "mail" in row else None,
        account=entries.account(row["account"]) if "account" in row else None,
        languages=entries.languages(entries.split(row["languages"]))
        if "languages" in row
        else None,
        network_size=entries.network_size(row["network_size"]) if "network_size" in row else None,
    )


def _once(entry: Entry, numbers: dict[str, int], addresses: dict[tuple[str, str], int]) -> None:
    """Refuse what an earlier row has said already; the first one counts."""
    if entry.number in numbers:
        raise Invalid(f"This number is on line {numbers[entry.number]} already.", field="number")
    stated = [
        (kind, value)
        for kind in ("phone", "mail", "account")
        for value in entry.addresses(kind) or ()
    ]
    for kind, value in stated:
        if (kind, value) in addresses:
            raise Invalid(
                f"This is on line {addresses[kind, value]} already, with another expert.",
                field="phones" if kind == "phone" else kind,
            )
    numbers[entry.number] = entry.line
    addresses.update(dict.fromkeys(stated, entry.line))
