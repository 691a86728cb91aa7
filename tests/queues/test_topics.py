"""What a topic of an entry point's menu asks of agents."""

from __future__ import annotations

import pytest

from router.channels.arrivals import skills_of
from router.errors import Invalid

MENU = [
    {"key": "1", "topic": "router", "label": {"en": "Router"}},
    {"key": "2", "topic": "bill", "label": {"en": "Billing"}, "skills": ["invoice", "contract"]},
]


def test_a_topic_is_the_skill_that_agents_need_unless_the_menu_names_others() -> None:
    assert skills_of(MENU, "router") == ("router",)
    assert skills_of(MENU, "bill") == ("invoice", "contract")
    assert skills_of(MENU, None) == ()


def test_a_topic_that_the_menu_lacks_is_refused_by_name() -> None:
    with pytest.raises(Invalid) as caught:
        skills_of(MENU, "garden")
    assert caught.value.field == "topic"
