"""What a role may do in a console, as one table. Refuses to know who has which role: accounts and OIDC say so."""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a person is in a console. A person may have several; at the centre and at a node they are given apart."""

    ANALYST = "analyst"
    APPROVER = "approver"
    PUBLISHER = "publisher"
    AUDITOR = "auditor"
    ADMIN = "admin"
    SOC = "soc"
    OPERATOR = "operator"


class Right(StrEnum):
    """One right; also the scope of a token. ``read`` sees, ``write`` triages, ``approve`` is one of two people."""

    READ = "read"
    TRIAGE = "triage"
    APPROVE = "approve"
    PUBLISH = "publish"
    MEMBERS = "members"
    AUDIT = "audit"
    ACCOUNTS = "accounts"
    ACCOUNTS_LOG = "accounts:log"
    SOC_READ = "soc:read"
    SOC_TRIAGE = "soc:triage"
    SOC_HUNT = "soc:hunt"
    SOC_PACKETS = "soc:packets"
    SOC_DOOR = "soc:door"
    SOC_PROTECT = "soc:protect"
    SOC_SETTINGS = "soc:settings"


_SOC: Final = frozenset(
    {
        Right.SOC_READ,
        Right.SOC_TRIAGE,
        Right.SOC_HUNT,
        Right.SOC_PACKETS,
        Right.SOC_DOOR,
        Right.SOC_PROTECT,
        Right.SOC_SETTINGS,
    }
)
RIGHTS: Final[dict[Role, frozenset[Right]]] = {
    Role.ANALYST: frozenset({Right.READ, Right.TRIAGE}),
    Role.APPROVER: frozenset({Right.READ, Right.TRIAGE, Right.APPROVE}),
    Role.PUBLISHER: frozenset({Right.READ, Right.PUBLISH}),
    Role.AUDITOR: frozenset({Right.READ, Right.AUDIT, Right.ACCOUNTS_LOG, Right.SOC_READ}),
    Role.ADMIN: frozenset({Right.READ, Right.MEMBERS, Right.ACCOUNTS, Right.ACCOUNTS_LOG}),
    Role.SOC: _SOC,
    Role.OPERATOR: _SOC | {Right.ACCOUNTS, Right.ACCOUNTS_LOG},
}
"""An analyst prepares and an approver decides; the two people whom a block without a person needs are two approvers,
since a room tells them apart by name. A publisher serves partners and the public. Whoever gives out accounts decides
nothing else, except at a node, where an operator runs all of it. An auditor sees everything and changes nothing, but
what was said in the traffic itself (``soc:packets``) is not among it: who may read that is a right of its own, which
a token may lack."""
ROLES: Final[dict[str, frozenset[Role]]] = {
    "sac": frozenset({Role.ANALYST, Role.APPROVER, Role.PUBLISHER, Role.AUDITOR, Role.ADMIN}),
    "soc": frozenset({Role.SOC, Role.OPERATOR, Role.AUDITOR}),
}
"""The roles that there are at each console."""


def roles_with(right: Right, console: str) -> list[Role]:
    """The roles at a console that have this right, in the order of the table."""
    return [role for role in RIGHTS if role in ROLES[console] and right in RIGHTS[role]]


def rights_of(roles: frozenset[Role]) -> frozenset[Right]:
    """All that these roles allow."""
    return frozenset(right for role in roles for right in RIGHTS[role])
