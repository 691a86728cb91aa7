"""What of a person a viewer may see. Pure; docs/identity.md has the table.

Two questions meet here: how sure we are who is there (whom an agent would tell it to), and who
is looking. Assurance comes first: what nobody has proven, no agent can give away.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Visibility:
    """What one viewer may see of one person.

    name: the registered name; a name that the person typed is shown anyway, marked as a claim.
    network: the size of an expert's network. numbers: phone numbers in full; else masked.
    expert_number: the number that goes with the PIN. claims: the mail that a visitor typed.
    cases: earlier contacts one by one; else their count. notes: what agents wrote on them.
    mails: registered addresses.
    """

    name: bool
    network: bool
    numbers: bool
    expert_number: bool
    claims: bool
    cases: bool
    notes: bool
    mails: bool


def visibility(assurance: int, tier: int, role: str) -> Visibility:
    """What an agent of this tier, or a supervisor or admin, may see at this assurance.

    assurance: 0 to 3, of the contact through which the viewer meets the person.
    tier: the viewer's as an agent; of no weight for supervisors and admins, who count as the
    house's. role: agent, supervisor or admin. Admins keep the register, and see all of it.
    """
    if role == "admin":
        return Visibility(*[True] * 8)
    house = role == "supervisor" or tier >= 2
    return Visibility(
        name=assurance >= 2,
        network=house,
        numbers=house and assurance >= 2,
        expert_number=house and assurance >= 2,
        claims=house,
        cases=assurance >= 3,
        notes=house and assurance >= 3,
        mails=house and assurance >= 3,
    )
