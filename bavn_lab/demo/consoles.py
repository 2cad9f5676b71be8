"""The demonstration's two consoles: started beside the running sector, with people who can sign in at once.

Both are what `bavn centre console` and `bavn node console` serve; only the people are made here, with a password and
recovery codes that are shown on the terminal, since the demonstration is gone when it ends. Refuses to know what the
pages show.
"""

import json
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pyotp

from bavn.app.access.accounts import Accounts
from bavn.app.access.book import open_book
from bavn.app.access.factors import Factors
from bavn.app.access.rights import Role
from bavn.app.config.load import read_centre, read_node
from bavn.app.process.exits import Exit, Stop
from bavn_lab.demo.sector import DemoSector

SAC_PORT: Final = 8450
SOC_PORT: Final = 8451
ANSWER_S_MAX: Final = 10.0
MADE_BY: Final = "demonstration"
CODES_SHOWN: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A person of the demonstration and what they sign in with; each of ``codes`` works once."""

    name: str
    role: Role
    password: str
    codes: tuple[str, ...]


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
    analyst = _person(centre.folder, "Anna Berg", Role.ANALYST)
    approver = _person(centre.folder, "Bo Lund", Role.APPROVER)
    # Those that see something first: a guard has nothing to show on the page that opens.
    seeing = sorted(sector.members, key=lambda member: not member.plan.captures)
    nodes = [member.config for member in seeing]
    first = read_node(nodes[0])
    person = _person(first.folder, "Soc Operator", Role.OPERATOR)
    _listen(sector.centre_config, SAC_PORT)
    _listen(nodes[0], SOC_PORT)
    sac = _address(sector, "sac-console", sector.start_console("sac-console", "centre", [sector.centre_config]))
    soc = _address(sector, "soc-console", sector.start_console("soc-console", "node", nodes))
    for name, url in (("sac-console", sac), ("soc-console", soc)):
        _answers(sector, name, url)
    return Consoles(sac=sac, soc=soc, analyst=analyst, approver=approver, soc_person=person)


def _person(folder: Path, name: str, role: Role) -> SignIn:
    book = open_book(folder)
    try:
        accounts, factors = Accounts(book), Factors(book)
        accounts.add(name, frozenset({role}), None, MADE_BY)
        password, secret = book.secret()[:16], factors.new_totp()
        factors.keep(name, password, secret, pyotp.TOTP(secret).now())
        accounts.set_up(name, "password")
        return SignIn(name=name, role=role, password=password, codes=tuple(factors.new_recovery(name)[:CODES_SHOWN]))
    finally:
        book.close()


def _listen(config: Path, port: int) -> None:
    """The usual port, or any that is free where somebody has it already."""
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            port = 0
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
