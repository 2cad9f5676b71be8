"""Standing policies: proposed by one person, approved by another, ended by one. A changed one is a new one."""

from typing import Final

from bavn.app.access.rights import Right
from bavn.app.acts.act import Kind, act
from bavn.app.acts.centre.refusals import KINDS
from bavn.centre.cases.policies import Policies, PolicyState, StandingPolicy, UnknownPolicy

REFUSES: Final[tuple[Kind, ...]] = ((UnknownPolicy, 404, "unknown-policy", "you"), *KINDS)


@act(Right.APPROVE, *REFUSES)
def propose(policies: Policies, by: str, policy: StandingPolicy) -> PolicyState:
    """Propose a policy. It releases nothing until somebody else approves it."""
    return policies.propose(policy, by)


@act(Right.APPROVE, *REFUSES)
def approve(policies: Policies, by: str, policy_id: str) -> PolicyState:
    """Stand behind somebody else's policy; it is in force from now on."""
    return policies.approve(policy_id, by)


@act(Right.TRIAGE, *REFUSES)
def end(policies: Policies, by: str, policy_id: str, why: str) -> PolicyState:
    """End a policy; one person is enough. What it released stays until its own end."""
    return policies.end(policy_id, by, why)
