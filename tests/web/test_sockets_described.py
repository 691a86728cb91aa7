"""The sockets' description names every request there is, and every close code."""

import re
from pathlib import Path
from typing import get_args

from router.web import drain, frames, socket

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")


def _asked(path):
    """What the page says that may be sent to this socket: the words in code marks."""
    return re.findall(r"`([^`]+)`", _part(path))


def test_every_request_of_the_desk_is_described_with_its_fields():
    rows = dict(re.findall(r"^\| `(\w+)` \| (?:`([^|]*?)`)?", _part("/ws/desk"), re.MULTILINE))
    for kind in get_args(frames.DeskFrame):
        tag = kind.__struct_config__.tag
        assert tag in rows, tag
        assert _fields(kind) <= set(re.findall(r"\w+", rows[tag])), tag


def test_every_request_of_the_customer_is_described_with_its_fields():
    said = {phrase.split(" ")[0]: phrase for phrase in _asked("/ws/contact")}
    for kind in get_args(frames.ContactFrame):
        tag = kind.__struct_config__.tag
        assert tag in said, tag
        assert _fields(kind) <= set(re.findall(r"\w+", said[tag])), tag


def _part(path):
    section = TEXT.split(f": `{path}`")[1].split("\n### ")[0]
    # a bar within a table's cell is written so
    return section.split("To the service:")[1].replace("\\|", "/")


def _fields(kind):
    return set(kind.__struct_fields__) - {"id"}


def test_every_close_code_is_described():
    for code in (
        drain.RESTART,
        socket.TRY_AGAIN,
        socket.FAULT,
        socket.POLICY,
        socket.NOT_TEXT,
        socket.SIGNED_OUT,
        socket.REFUSED,
    ):
        assert re.search(rf"^\| ([\d, ]+, )?{code}( |,)", TEXT, re.MULTILINE), code
