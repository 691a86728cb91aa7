"""What silence and absence mean in a written conversation: pure policy, and its timer.

Times are a queue's (`ChatTimes`). Only the person's silence counts: while an agent owes the
next word, nobody is warned. A chat that became a picture is not silent.
"""

from __future__ import annotations

from typing import Literal

from router.queues.policy import ChatTimes

Verdict = Literal["warn", "end"]


def on_silence(
    times: ChatTimes,
    *,
    owed_by: Literal["person", "agent"],
    silent_s: float,
    warned_s: float | None,
) -> Verdict | None:
    """What a chat in an agent's hands is due after so much silence.

    owed_by: whose turn it is, that is, who did not write the last message.
    silent_s: since that message. warned_s: since the warning that followed it, if one did.
    A warning that came late (no timer ran) still leaves the whole time between the two.
    """
    if owed_by == "agent" or silent_s < times.warn_seconds:
        return None
    if warned_s is None:
        return "warn"
    return "end" if warned_s >= times.end_seconds - times.warn_seconds else None


def on_absence(
    times: ChatTimes, *, away_s: float, state: str, answered: bool
) -> Literal["abandoned", "completed"] | None:
    """The outcome of a contact whose person has gone away without a word; None: wait on.

    away_s: since the person's page was last heard. state: the contact's.
    answered: an agent has written to (or, for video, been connected with) the person: a
    conversation that took place is completed by leaving it, one that did not is abandoned.
    """
    if state == "ended" or away_s < times.vanished_seconds:
        return None
    return "completed" if state == "handling" and answered else "abandoned"
