"""Recordings: no sound was made, so their files are silence of the right length."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from router.standin.calls import Call
from router.standin.clock import stamp
from router.standin.documents import Document, Verb

if TYPE_CHECKING:
    from router.standin.exchange import Standin


@dataclass(frozen=True)
class Recording:
    sid: str
    call_sid: str
    seconds: int
    made: float

    def wav(self) -> bytes:
        """8 kHz, one channel, 8 bits, as Twilio's are telephone quality."""
        file = io.BytesIO()
        with wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(1)
            sound.setframerate(8000)
            sound.writeframes(b"\x80" * 8000 * self.seconds)
        return file.getvalue()


class Recordings:
    def __init__(self, standin: Standin) -> None:
        self._standin = standin
        self.by_sid: dict[str, Recording] = {}

    def keep(self, call: Call, verb: Verb, document: Document, seconds: int) -> dict[str, str]:
        """Keep one, tell its status callback, and give what Record's action is told."""
        standin = self._standin
        sid = standin.new_sid("RE")
        self.by_sid[sid] = Recording(sid, call.sid, seconds, standin.clock.now())
        account = f"{standin.base_url}/2010-04-01/Accounts/{standin.config.account_sid}"
        params = {
            "RecordingSid": sid,
            "RecordingUrl": f"{account}/Recordings/{sid}",
            "RecordingDuration": str(seconds),
        }
        if callback := verb.get("recordingStatusCallback"):
            standin.webhooks_out.tell(
                "recording-status",
                document.address(callback),
                verb.method("recordingStatusCallbackMethod"),
                {
                    "AccountSid": standin.config.account_sid,
                    "CallSid": call.sid,
                    "RecordingStatus": "completed",
                    "RecordingChannels": "1",
                    "RecordingSource": "RecordVerb",
                    "RecordingStartTime": stamp(standin.clock.now() - seconds),
                    **params,
                },
                source=sid,
                call_sid=call.sid,
            )
        return params

    def json(self, recording: Recording) -> dict[str, Any]:
        account = self._standin.config.account_sid
        return {
            "sid": recording.sid,
            "account_sid": account,
            "call_sid": recording.call_sid,
            "duration": str(recording.seconds),
            "status": "completed",
            "channels": 1,
            "source": "RecordVerb",
            "api_version": "2010-04-01",
            "date_created": stamp(recording.made),
            "date_updated": stamp(recording.made),
            "start_time": stamp(recording.made - recording.seconds),
            "uri": f"/2010-04-01/Accounts/{account}/Recordings/{recording.sid}.json",
        }
