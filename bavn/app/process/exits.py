"""Exit codes of the command `bavn`: one meaning each, and who must act. docs/reference/exit-codes.md has each."""

import errno
from dataclasses import dataclass
from enum import IntEnum

from bavn.model.text import Text


class Exit(IntEnum):
    """What a finished command says to the shell."""

    OK = 0
    BROKEN = 1
    USAGE = 2
    MISSING = 3
    CONFIGURATION = 4
    INPUT = 5
    REFUSED = 6
    UNREACHABLE = 7
    NOT_FOUND = 8
    NOT_NOW = 9
    UNHEALTHY = 10
    EXCEEDED = 11
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Page:
    """What an exit code means and what to do, for docs and `bavn exit-code`."""

    meaning: Text
    do: Text


PAGES: dict[Exit, Page] = {
    Exit.OK: Page(
        Text("The command did what was asked.", "Kommandoen gjorde, hvad den blev bedt om."),
        Text("Nothing.", "Intet."),
    ),
    Exit.BROKEN: Page(
        Text(
            "Something that must never happen happened; Bavn stopped rather than go on wrongly.",
            "Noget, der aldrig må ske, skete; Bavn standsede hellere end at fortsætte forkert.",
        ),
        Text(
            "Keep the message and the data folder, and report it; start the command again when you have a copy.",
            "Gem meddelelsen og datamappen, og meld fejlen; start kommandoen igen, når du har en kopi.",
        ),
    ),
    Exit.USAGE: Page(
        Text("The command line was not understood.", "Kommandolinjen blev ikke forstået."),
        Text("Run the command with --help and correct it.", "Kør kommandoen med --help, og ret den."),
    ),
    Exit.MISSING: Page(
        Text(
            "A program or a right that the command needs is missing; the message names it.",
            "Et program eller en rettighed, som kommandoen behøver, mangler; meddelelsen nævner det.",
        ),
        Text(
            "Install what is named (script/bootstrap does) or run as a user who has the right.",
            "Installer det nævnte (script/bootstrap gør det), eller kør som en bruger, der har rettigheden.",
        ),
    ),
    Exit.CONFIGURATION: Page(
        Text(
            "A configuration or policy file is wrong; the message names file, field and what would be right.",
            "En konfigurations- eller politikfil er forkert; meddelelsen nævner fil, felt og det rigtige.",
        ),
        Text("Correct the field and start again.", "Ret feltet, og start igen."),
    ),
    Exit.INPUT: Page(
        Text(
            "Some input could not be read: damaged, empty or of an unknown kind. The rest was done.",
            "Noget input kunne ikke læses: beskadiget, tomt eller af ukendt slags. Resten blev gjort.",
        ),
        Text(
            "Look at the line on standard error for each path; give a better copy.",
            "Se linjen på standard error for hver sti; giv en bedre kopi.",
        ),
    ),
    Exit.REFUSED: Page(
        Text(
            "The other side answered and refused us: certificate, token, quota or version.",
            "Den anden side svarede og afviste os: certifikat, engangskode, kvote eller version.",
        ),
        Text(
            "Ask the centre for a new token (bavn centre invite), or renew the certificate.",
            "Bed centret om en ny engangskode (bavn centre invite), eller forny certifikatet.",
        ),
    ),
    Exit.UNREACHABLE: Page(
        Text("The other side could not be reached.", "Den anden side kunne ikke nås."),
        Text(
            "Check the address and the network; nothing is lost, and a node goes on trying by itself.",
            "Kontrollér adressen og netværket; intet er tabt, og en node prøver selv igen.",
        ),
    ),
    Exit.NOT_FOUND: Page(
        Text("What was named does not exist here.", "Det nævnte findes ikke her."),
        Text("List what exists with the command's list form.", "Vis, hvad der findes, med kommandoens listeform."),
    ),
    Exit.NOT_NOW: Page(
        Text(
            "The life-cycle, a rule or another process (one that holds a port or a lock) does not allow this step now;"
            " the message says what is possible.",
            "Livscyklussen, en regel eller en anden proces (en, der har en port eller en lås) tillader ikke dette"
            " skridt nu; meddelelsen siger, hvad der er muligt.",
        ),
        Text(
            "Choose one of the possible steps, or end the other process. A service is tried again by itself.",
            "Vælg et af de mulige skridt, eller afslut den anden proces. En tjeneste prøver selv igen.",
        ),
    ),
    Exit.UNHEALTHY: Page(
        Text(
            "The node does not run, or something about it is not as it should be; the command says what.",
            "Noden kører ikke, eller noget ved den er ikke, som det skal være; kommandoen siger hvad.",
        ),
        Text(
            "Mend what is named first; the node's log says since when.",
            "Ret det først nævnte; nodens log siger siden hvornår.",
        ),
    ),
    Exit.EXCEEDED: Page(
        Text(
            "The question took more time or memory, or its answer more room, than it may; the message says which.",
            "Spørgsmålet tog mere tid eller hukommelse, eller svaret mere plads, end det må; meddelelsen siger hvad.",
        ),
        Text(
            "Ask about a shorter span or for less, or raise the bound in [hunt] of node.toml.",
            "Spørg om et kortere tidsrum eller om mindre, eller hæv grænsen i [hunt] i node.toml.",
        ),
    ),
    Exit.INTERRUPTED: Page(
        Text(
            "Stopped by Ctrl-C; everything that was started has been stopped too.",
            "Standset med Ctrl-C; alt, der var startet, er også standset.",
        ),
        Text("Nothing; run it again when you like.", "Intet; kør den igen, når du vil."),
    ),
}


class Stop(Exception):
    """Ends a command with a code and one clear line on standard error."""

    def __init__(self, code: Exit, line: str) -> None:
        super().__init__(line)
        self.code = code


def cannot_listen(where: str, address: str, error: OSError) -> Stop:
    """Why a service cannot begin. A port that another process holds may be free in a moment (one that is just ending, a
    connection that goes out from it): the service is started again. Any other reason is the configuration's."""
    code = Exit.NOT_NOW if error.errno == errno.EADDRINUSE else Exit.CONFIGURATION
    return Stop(code, f"{where}: cannot listen on {address} ({error.strerror})")
