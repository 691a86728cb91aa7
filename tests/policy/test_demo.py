"""The demo company's policy is a document like anybody's."""

from router.demo import cast
from router.demo.company import POLICY
from router.policy.checks import check_text


def test_the_demos_policy_has_the_numbers_and_the_widget_that_its_people_use() -> None:
    document, problems = check_text(POLICY, "DE")
    assert problems == []
    assert document is not None
    addresses = {point.address for point in document.entry_points}
    assert addresses == {cast.WIDGET, *(line.address for line in cast.LINES)}
    assert {point.name for point in document.entry_points} == {cast.COMPANY}
