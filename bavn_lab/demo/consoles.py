"""The demonstration's two consoles: started beside the running sector, with people who can sign in at once.

Both are what `bavn centre console` and `bavn node console` serve; only the people are made here, and the sign-in links
that are shown on the terminal. Refuses to know what the pages show.
"""

import json
import socket
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from bavn.app.access.accounts import Accounts
from bavn.app.access.book import open_book
from bavn.app.access.rights import Role
from bavn.app.acts.accounts import LINK_MINUTES_MAX
from bavn.app.config.load import read_centre, read_node
from bavn.app.process.exits import Exit, Stop
from bavn_lab.demo.people import MADE_BY
from bavn_lab.demo.sector import DemoSector, free_port

SAC_PORT: Final = 8450
SOC_PORT: Final = 8451
ANSWER_S_MAX: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A person of the demonstration. ``group`` and ``config``: of the commands for their console; ``folder``: where its
    accounts are."""

    name: str
    role: Role
    group: str
    config: Path
    folder: Path

    def link(self, address: str) -> str:
        """A new sign-in link at the console of this address."""
        with closing(open_book(self.folder)) as book:
            return f"{address}/link#{Accounts(book).link(self.name, MADE_BY, LINK_MINUTES_MAX)}"

    def command(self) -> str:
        """What makes another link."""
        return f'bavn {self.group} account link "{self.name}" --config {self.config}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Consoles:
    """Where they are, and for whom: two people at the centre, one for the SOC of all actors."""

    sac: str
    soc: str
    analyst: SignIn
    approver: SignIn
    soc_person: SignIn


def start_consoles(sector: DemoSector) -> Consoles:
    """Starts both and waits until they answer. Stop(BROKEN) with a console's last words where one does not."""
    centre = read_centre(sector.centre_config)
    analyst, approver = (
        _person(SignIn(name=name, role=role, group="centre", config=sector.centre_config, folder=centre.folder))
        for name, role in (("Anna Berg", Role.ANALYST), ("Bo Lund", Role.APPROVER))
    )
    # Those that see something first: a guard has nothing to show on the page that opens.
    seeing = sorted(sector.members, key=lambda member: not member.plan.captures)
    nodes = [member.config for member in seeing]
    first = read_node(nodes[0])
    operator = SignIn(name="Soc Operator", role=Role.OPERATOR, group="node", config=nodes[0], folder=first.folder)
    person = _person(operator)
    _listen(sector.centre_config, SAC_PORT)
    _listen(nodes[0], SOC_PORT)
    sac = _address(sector, "sac-console", sector.start_console("sac-console", "centre", [sector.centre_config]))
    soc = _address(sector, "soc-console", sector.start_console("soc-console", "node", nodes))
    for name, url in (("sac-console", sac), ("soc-console", soc)):
        _answers(sector, name, url)
    return Consoles(sac=sac, soc=soc, analyst=analyst, approver=approver, soc_person=person)


def _person(who: SignIn) -> SignIn:
    with closing(open_book(who.folder)) as book:
        Accounts(book).add(who.name, frozenset({who.role}), None, MADE_BY)
    return who


def _listen(config: Path, port: int) -> None:
    """The usual port, or any that is free where somebody has it already."""
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            port = free_port()
    with config.open("a") as file:
        file.write(f'\n[console]\nlisten = "127.0.0.1:{port}"\n')


def _address(sector: DemoSector, name: str, process: subprocess.Popen[bytes]) -> str:
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        raise Stop(Exit.BROKEN, f"the {name} did not start: {sector.last_words(name)}")
    return str(json.loads(line)["console"])


def _answers(sector: DemoSector, name: str, url: str) -> None:
    try:
        page = httpx.get(url, timeout=ANSWER_S_MAX, trust_env=False)
        me = httpx.get(f"{url}/api/v1/me", timeout=ANSWER_S_MAX, trust_env=False)
    except httpx.HTTPError as error:
        raise Stop(Exit.BROKEN, f"the {name} does not answer ({error}): {sector.last_words(name)}") from error
    if page.status_code != 200 or me.status_code != 401:
        raise Stop(Exit.BROKEN, f"the {name} answers {page.status_code} and {me.status_code}, not its page and 401")
