"""Who may turn the picture on, and the credentials of the relay."""

import base64
import hashlib
import hmac

import pytest

from router.channels.video import CREDENTIAL_SECONDS, ice_servers, next_state
from router.errors import Conflict, Forbidden


def test_the_person_asks_and_the_agent_answers():
    assert next_state(None, "asked", "person") == "asked"
    assert next_state("asked", "on", "agent") == "on"
    assert next_state("asked", "off", "agent") == "off"


def test_a_person_cannot_turn_the_agents_camera_on():
    with pytest.raises(Forbidden):
        next_state("asked", "on", "person")


def test_an_agent_invites_by_turning_it_on_and_never_asks():
    assert next_state(None, "on", "agent") == "on"
    with pytest.raises(Forbidden):
        next_state(None, "asked", "agent")


@pytest.mark.parametrize("by", ["person", "agent"])
def test_either_side_ends_the_picture(by):
    assert next_state("on", "off", by) == "off"


def test_what_is_so_already_is_not_said_twice():
    assert next_state("asked", "asked", "person") is None
    assert next_state(None, "off", "agent") is None
    assert next_state("on", "on", "agent") is None


def test_asking_for_what_is_on_says_so():
    with pytest.raises(Conflict) as conflict:
        next_state("on", "asked", "person")
    assert conflict.value.state == "on"


def test_a_relay_credential_is_what_coturn_computes_and_runs_out():
    servers = ice_servers(
        ["stun:s:1"], ["turn:t:1", "turns:t:2"], "north", subject="c1", now=1000.9
    )
    assert servers[0] == {"urls": ["stun:s:1"]}
    assert servers[1]["urls"] == ["turn:t:1", "turns:t:2"]
    assert servers[1]["username"] == f"{1000 + CREDENTIAL_SECONDS}:c1"
    expected = hmac.new(b"north", servers[1]["username"].encode(), hashlib.sha1).digest()
    assert servers[1]["credential"] == base64.b64encode(expected).decode()


def test_without_a_secret_no_relay_is_offered():
    assert ice_servers([], ["turn:t:1"], None, subject="c1", now=0) == []
