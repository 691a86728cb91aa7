"""When a silent or deserted conversation is warned and ended."""

from router.channels.chat import on_leaving, on_silence
from router.queues.policy import ChatTimes

TIMES = ChatTimes(warn_seconds=300, end_seconds=600, vanished_seconds=120)


def test_nobody_is_warned_while_the_agent_owes_the_next_word():
    assert on_silence(TIMES, owed_by="agent", silent_s=10_000, warned_s=None) is None
    assert on_silence(TIMES, owed_by="agent", silent_s=10_000, warned_s=9_000) is None


def test_the_warning_comes_when_its_time_is_up_and_once():
    assert on_silence(TIMES, owed_by="person", silent_s=299.9, warned_s=None) is None
    assert on_silence(TIMES, owed_by="person", silent_s=300, warned_s=None) == "warn"
    assert on_silence(TIMES, owed_by="person", silent_s=400, warned_s=100) is None


def test_a_warned_chat_ends_when_its_time_is_up():
    assert on_silence(TIMES, owed_by="person", silent_s=600, warned_s=300) == "end"


def test_a_late_warning_leaves_the_whole_time_to_answer():
    assert on_silence(TIMES, owed_by="person", silent_s=5_000, warned_s=None) == "warn"
    assert on_silence(TIMES, owed_by="person", silent_s=5_299, warned_s=299) is None
    assert on_silence(TIMES, owed_by="person", silent_s=5_300, warned_s=300) == "end"


def test_who_leaves_the_line_has_abandoned():
    assert on_leaving(state="waiting", answered=False) == "abandoned"
    # who was answered in the first line and leaves the second
    assert on_leaving(state="waiting", answered=True) == "abandoned"


def test_who_leaves_before_the_agents_first_word_has_abandoned():
    assert on_leaving(state="handling", answered=False) == "abandoned"


def test_who_leaves_after_an_answer_has_completed():
    assert on_leaving(state="handling", answered=True) == "completed"
