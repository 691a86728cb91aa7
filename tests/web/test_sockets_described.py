"""The sockets' description names every request there is, and every close code."""

import re
from pathlib import Path
from typing import get_args

import pytest

from router.web import frames, socket

TEXT = (Path(__file__).parents[2] / "docs" / "sockets.md").read_text("utf-8")


def _section(name):
    return TEXT.split(f"## `{name}`")[1].split("\n## ")[0]


@pytest.mark.parametrize(
    ("path", "union"), [("/ws/desk", frames.DeskFrame), ("/ws/contact", frames.ContactFrame)]
)
def test_every_request_is_described_with_its_fields(path, union):
    # what the service sends is described first
    section = re.split(r"\| request \||Requests:", _section(path))[1]
    for kind in get_args(union):
        tag = kind.__struct_config__.tag
        assert f"`{tag}`" in section, tag
        said = re.search(rf"`{tag}` \{{([^}}]*)\}}", section)
        fields = {field for field in kind.__struct_fields__ if field != "id"}
        named = set(re.findall(r"\w+", said[1].split(":")[0])) if said else set()
        assert fields <= named, (tag, fields, named)


def test_every_close_code_is_described():
    for code in (
        socket.RESTART,
        socket.TRY_AGAIN,
        socket.FAULT,
        socket.POLICY,
        socket.NOT_TEXT,
        socket.SIGNED_OUT,
        socket.REFUSED,
    ):
        assert re.search(rf"^\| ([\d, ]+, )?{code}( |,)", TEXT, re.MULTILINE), code
