"""Who there is in the demo: plain data. Everybody and everything here is made up.

The numbers are of the ranges that the German regulator keeps free for fiction.
"""

from __future__ import annotations

from dataclasses import dataclass

from router.identity.agents import Agent

SLUG = "demo"
COMPANY = "Fernwave"
DOMAIN = "fernwave.example"
PASSWORD = "second-line-please"
"""Of every login that the demo prints. `serve` refuses the demo's database for it."""
WIDGET = "demo"


@dataclass(frozen=True)
class Line:
    """A number of the company, as its policy (`policy.yaml`) has it. label: for who dials it."""

    address: str
    label: str


LINES = (
    Line("+493023125100", "English or German, with a menu"),
    Line("+493023125200", "In German, straight to the line"),
)


@dataclass(frozen=True)
class Member:
    """Somebody of the staff, whose mail address is `login@` the company's domain."""

    login: str
    name: str
    role: str
    about: str
    agent: Agent | None = None

    @property
    def email(self) -> str:
        return f"{self.login}@{DOMAIN}"


_CAPACITY = {"voice": 1, "chat": 3, "video": 1}
EMILS_PHONE = "+4917604069077"
STAFF = (
    Member("admin", "Olivia Hartmann", "admin", "admin"),
    Member("supervisor", "Samuel Okafor", "supervisor", "supervisor"),
    Member(
        "hanna",
        "Hanna Weiss",
        "agent",
        "2nd level, English and German",
        Agent(2, ("en", "de"), ("internet", "router", "invoice"), _CAPACITY),
    ),
    Member(
        "ruslan",
        "Ruslan Petrov",
        "agent",
        "2nd level, English and Russian",
        Agent(2, ("en", "ru"), ("internet", "router"), _CAPACITY),
    ),
    Member(
        "amira",
        "Amira Said",
        "agent",
        "freelancer, English and German",
        Agent(1, ("en", "de"), ("internet", "router", "invoice"), _CAPACITY),
    ),
    Member(
        "bruno",
        "Bruno Lima",
        "agent",
        "freelancer, Portuguese and English",
        Agent(1, ("pt", "en"), ("internet", "invoice"), _CAPACITY),
    ),
    Member(
        "emil",
        "Emil Novak",
        "agent",
        "freelancer, German, on a telephone",
        Agent(1, ("de",), ("router",), _CAPACITY, "phone", EMILS_PHONE),
    ),
)


@dataclass(frozen=True)
class Expert:
    """Somebody of the crowd who looks after customers. account: at the company's own site."""

    number: str
    name: str
    phones: tuple[str, ...]
    pin: str
    languages: tuple[str, ...]
    network_size: int
    account: str


EXPERTS = (
    Expert(
        "471100", "Nadia Brandt", ("+4917604069001",), "582093", ("de", "en"), 120, "site-nadia"
    ),
    Expert(
        "471200", "Tomás Ferreira", ("+4917604069002",), "916274", ("pt", "en"), 45, "site-tomas"
    ),
    Expert(
        "471300",
        "Ljudmila Orlova",
        ("+4917604069003", "+493023125903"),
        "305816",
        ("ru", "de"),
        260,
        "site-ljudmila",
    ),
)


@dataclass(frozen=True)
class Customer:
    """A customer whom the company knows. account: at the company's own site."""

    name: str
    phone: str
    account: str


CUSTOMERS = (
    Customer("Jule Kramer", "+4917604069021", "site-jule"),
    Customer("Frank Adeyemi", "+4917604069022", "site-frank"),
)
