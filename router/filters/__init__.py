"""The filter language: which agents may serve which contacts, as an expression."""

from router.filters.evaluation import Condition, admits, conditions
from router.filters.filter import Filter, parse, read
from router.filters.vocabulary import AttributeType, Vocabulary, checked_attributes

__all__ = [
    "AttributeType",
    "Condition",
    "Filter",
    "Vocabulary",
    "admits",
    "checked_attributes",
    "conditions",
    "parse",
    "read",
]
