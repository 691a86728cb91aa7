"""The agent's side of a call: what a softphone or a telephone hears that is to join a room."""

from __future__ import annotations

from uuid import UUID

from twilio.twiml.voice_response import VoiceResponse

from router.channels.voice.attempts import Attempt, Attempts
from router.channels.voice.documents import Addresses, conference, speak
from router.channels.voice.prompts import DEFAULT_LANGUAGE, Prompts
from router.channels.voice.store import Legs

PRESS_SECONDS = 4
"""How long to wait for the key after the question was said twice."""


class Agents:
    """Answers agents' legs. Every method gives TwiML and may be called again."""

    def __init__(self, *, attempts: Attempts, legs: Legs, addresses: Addresses):
        self._attempts = attempts
        self._legs = legs
        self._addresses = addresses

    async def browser(self, call_sid: str, identity: str, handling: UUID | None) -> str:
        """An agent's softphone dials in for a handling. identity: the account's id, in hex.

        Whose handling it is, is not the browser's to say: the identity comes from the token.
        """
        attempt = await self._attempts.get(handling)
        if attempt is None or attempt.agent.hex != identity or attempt.reach != "softphone":
            return _gone(None)
        return await self._enter_room(attempt, call_sid)

    async def whisper(self, call_sid: str, handling: UUID) -> str:
        """An agent's telephone was picked up, by the agent or by a mailbox."""
        attempt = await self._attempts.get(handling)
        if attempt is None or attempt.state != "connecting":
            return _gone(attempt)
        await self._keep(attempt, call_sid)
        document = VoiceResponse()
        gather = document.gather(
            input="dtmf",
            num_digits=1,
            action=self._addresses.agent(handling, "keys"),
            method="POST",
            timeout=PRESS_SECONDS,
        )
        for _ in range(2):  # whoever is still raising the handset misses the first
            speak(gather, attempt.prompts, "whisper", name=attempt.entry.name)
        document.hangup()
        return str(document)

    async def pressed(self, call_sid: str, handling: UUID, keys: str | None) -> str:
        """Only a person presses 1."""
        attempt = await self._attempts.get(handling)
        if attempt is None or keys is None:
            return _gone(attempt)
        if keys != "1":
            return await self.whisper(call_sid, handling)
        return await self._enter_room(attempt, call_sid)

    async def _enter_room(self, attempt: Attempt, call_sid: str) -> str:
        leg = await self._legs.get(call_sid)
        joining = attempt.state == "connecting"
        # a repeat of the webhook that brought this leg in hears the same; a leg that comes
        # when the conversation runs already would sit in a room of its own
        if not joining and (leg is None or attempt.state != "active"):
            return _gone(attempt)
        await self._keep(attempt, call_sid)
        document = VoiceResponse()
        conference(document, self._addresses, attempt.room, label=f"agent-{attempt.handling}")
        return str(document)

    async def _keep(self, attempt: Attempt, call_sid: str) -> None:
        await self._legs.begin(
            call_sid,
            attempt.workspace,
            attempt.contact,
            party="agent",
            state="live",
            handling=attempt.handling,
        )
        await self._legs.alive(call_sid)


def _gone(attempt: Attempt | None) -> str:
    document = VoiceResponse()
    prompts = attempt.prompts if attempt else Prompts(DEFAULT_LANGUAGE)
    speak(document, prompts, "whisper_gone")
    document.hangup()
    return str(document)
