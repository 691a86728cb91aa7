"""Made-up documents, of everything that there is."""

from __future__ import annotations

from random import Random
from typing import Any

LANGUAGES = ("en", "de", "pt", "ru")


def plain(random: Random) -> dict[str, Any]:
    """A document in plain values that nothing is wrong with."""
    slugs = [f"q{n}" for n in range(random.randint(1, 4))]
    document: dict[str, Any] = {"queues": {slug: queue(random, slug, slugs) for slug in slugs}}
    if random.random() < 0.7:
        document["rules"] = rules(random)
    document["entry_points"] = [entry_point(random, n, slugs) for n in range(random.randint(0, 3))]
    return document


def maybe(random: Random, into: dict[str, Any], name: str, value: Any) -> None:
    if random.random() < 0.5:
        into[name] = value


def rules(random: Random) -> dict[str, Any]:
    made: dict[str, Any] = {"schedules": {"office": {"weekly": {"mon": ["09:00-17:00"]}}}}
    maybe(random, made, "reserve_share", random.choice([0.1, 0.25]))
    maybe(random, made, "attributes", {"agent": {"author_value": "number"}})
    maybe(random, made, "newcomer_ratings", random.randint(0, 9))
    maybe(random, made, "blocks", {"chat": ["voice"], "voice": []})
    return made


def step(random: Random) -> dict[str, Any]:
    made: dict[str, Any] = {"tiers": random.sample([1, 2, 3], random.randint(1, 3))}
    maybe(random, made, "seconds", random.randint(1, 600))
    maybe(random, made, "skills", False)
    maybe(random, made, "language", random.random() < 0.5)
    maybe(random, made, "skip", True)
    maybe(random, made, "filter", "agent.rating >= 4 OR contact.language == 'de'")
    maybe(random, made, "strategy", random.choice(["best_rated", "random", "least_scarce"]))
    return made


def queue(random: Random, slug: str, slugs: list[str]) -> dict[str, Any]:
    others = [other for other in slugs if other != slug]
    made: dict[str, Any] = {"name": random.choice(["Queue", "Очередь", "no", "1", "a: b # c"])}
    maybe(random, made, "steps", [step(random) for _ in range(random.randint(1, 3))])
    maybe(random, made, "escalates_to", random.choice(slugs))
    maybe(random, made, "offer_seconds", {"voice": random.randint(5, 60)})
    maybe(random, made, "choice", {"newcomer_share": random.random()})
    maybe(random, made, "voicemail", True)
    says = {"en": "We are closed.\nCall tomorrow.", "de": " Zu. "}
    maybe(random, made, "closed", {"to": "close", "message": says})
    if others:
        then = {"to": "queue", "queue": random.choice(others)}
        most = random.randint(1, 900)
        maybe(random, made, "overflow", [{"on": "wait", "most": most, "then": then}])
    return made


def entry_point(random: Random, nth: int, slugs: list[str]) -> dict[str, Any]:
    languages = random.sample(LANGUAGES, random.randint(1, 3))
    kind = random.choice(["phone", "widget"])
    made: dict[str, Any] = {
        "kind": kind,
        "address": f"+4930231250{nth}0" if kind == "phone" else f"key-{nth}",
        "name": "Hotline",
        "language": languages[0],
        "languages": languages,
        "customers": random.choice(slugs),
        "experts": random.choice(slugs),
    }
    label = {"en": "Router", "de": "Router: WLAN"}
    maybe(random, made, "menu", [{"key": "1", "topic": "router", "label": label}])
    maybe(random, made, "prompts", {"de": {"greeting": "Hallo bei {name}."}})
    maybe(random, made, "origins", ["https://shop.example.com"])
    return made
