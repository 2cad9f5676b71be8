"""What every service promises alike, said once: node, centre and key holder. Expect each to check it for itself."""

from typing import Final, Literal

from bavn.model.health import Promise
from bavn.model.text import Text

Service = Literal["node", "centre", "keyholder"]
"""As its commands are called."""
CERTIFICATES: Final = Promise(
    code="certificates",
    act="operator",
    says=Text("no certificate ends"),
    first=Text("docs/operations.md, Certificates"),
)


def ledger_whole(service: Service) -> Promise:
    """Nobody changed the ledger afterwards."""
    return Promise(
        code="ledger_whole",
        act="operator",
        says=Text("the ledger's chain holds"),
        first=Text("keep a copy of the folder, then bavn {service} ledger --verify", service=service),
    )


def gates_open(service: Service) -> Promise:
    """No rule failed since somebody last looked."""
    return Promise(
        code="gates_open",
        act="operator",
        says=Text("no gate is shut"),
        first=Text("bavn {service} gates: read why, then open it", service=service),
    )


def parts_work(service: Service) -> Promise:
    """Nothing failed that nobody foresaw."""
    return Promise(
        code="parts_work",
        act="operator",
        says=Text("no part fails in a way nobody foresaw"),
        first=Text("bavn {service} failures, and report it", service=service),
    )
