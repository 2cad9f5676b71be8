"""Exit codes of the command `bavn`: one meaning each, and who must act. docs/reference/exit-codes.md has each."""

import errno
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

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
    DISPROVED = 12
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Page:
    """What an exit code means and what to do, for docs and `bavn exit-code`."""

    meaning: Text
    do: Text


PAGES: dict[Exit, Page] = {
    Exit.OK: Page(
        Text("The command did what was asked."),
        Text("Nothing."),
    ),
    Exit.BROKEN: Page(
        Text("Something that must never happen happened; Bavn stopped rather than go on wrongly."),
        Text("Keep the message and the data folder, and report it; start the command again when you have a copy."),
    ),
    Exit.USAGE: Page(
        Text("The command line was not understood."),
        Text("Run the command with --help and correct it."),
    ),
    Exit.MISSING: Page(
        Text("A program or a right that the command needs is missing; the message names it."),
        Text("Install what is named (script/bootstrap does) or run as a user who has the right."),
    ),
    Exit.CONFIGURATION: Page(
        Text("A configuration or policy file is wrong; the message names file, field and what would be right."),
        Text("Correct the field and start again."),
    ),
    Exit.INPUT: Page(
        Text("Some input could not be read: damaged, empty or of an unknown kind. The rest was done."),
        Text(
            "Look at the line on standard error for each path: it says what is wrong. Give a better copy, or the same"
            " exported in another form."
        ),
    ),
    Exit.REFUSED: Page(
        Text("The other side answered and refused us: certificate, token, quota or version."),
        Text("Ask the centre for a new token (bavn centre invite), or renew the certificate."),
    ),
    Exit.UNREACHABLE: Page(
        Text("The other side could not be reached."),
        Text("Check the address and the network; nothing is lost, and a node goes on trying by itself."),
    ),
    Exit.NOT_FOUND: Page(
        Text("What was named does not exist here."),
        Text("List what exists with the command's list form."),
    ),
    Exit.NOT_NOW: Page(
        Text(
            "The life-cycle, a rule or another process (one that holds a port or a lock) does not allow"
            " this step now; the message says what is possible."
        ),
        Text("Choose one of the possible steps, or end the other process. A service is tried again by itself."),
    ),
    Exit.UNHEALTHY: Page(
        Text("The node does not run, or something about it is not as it should be; the command says what."),
        Text("Mend what is named first; the node's log says since when."),
    ),
    Exit.EXCEEDED: Page(
        Text("The question took more time or memory, or its answer more room, than it may; the message says which."),
        Text("Ask about a shorter span or for less, or raise the bound in [hunt] of node.toml."),
    ),
    Exit.DISPROVED: Page(
        Text("The log of a centre was read and does not prove what it must; the command says which check failed."),
        Text("Believe nothing that rests on it. Keep a copy of its files, compare with others, and call the centre."),
    ),
    Exit.INTERRUPTED: Page(
        Text("Stopped by Ctrl-C; everything that was started has been stopped too."),
        Text("Nothing; run it again when you like."),
    ),
}


class Stop(Exception):
    """Ends a command with a code and one clear line on standard error."""

    def __init__(self, code: Exit, line: str | Text) -> None:
        super().__init__(line)
        self.code = code


_WHYS: Final[dict[int, Text]] = {
    errno.EACCES: Text("Permission denied"),
    errno.EPERM: Text("Operation not permitted"),
    errno.ENOENT: Text("No such file or directory"),
    errno.EEXIST: Text("File exists"),
    errno.EISDIR: Text("Is a directory"),
    errno.ENOTDIR: Text("Not a directory"),
    errno.EROFS: Text("Read-only file system"),
    errno.ENOSPC: Text("No space left on device"),
    errno.EADDRINUSE: Text("Address already in use"),
}


def why_of(error: OSError) -> Text:
    """What the system says of a file or an address, in the words that we have for it, else in its own."""
    return _WHYS.get(error.errno or 0) or Text.plain(error.strerror or str(error) or type(error).__name__)


def cannot_read(file: object, error: OSError, code: Exit = Exit.CONFIGURATION) -> Stop:
    """A file that is to be read, and why it is not."""
    return Stop(code, Text("{file} cannot be read ({why})", file=file, why=why_of(error)))


def cannot_write(file: object, error: OSError, code: Exit = Exit.CONFIGURATION) -> Stop:
    """A file that is to be written, and why it is not."""
    return Stop(code, Text("{file} cannot be written ({why})", file=file, why=why_of(error)))


def cannot_listen(where: str, address: str, error: OSError) -> Stop:
    """Why a service cannot begin. A port that another process holds may be free in a moment (one that is just ending, a
    connection that goes out from it): the service is started again. Any other reason is the configuration's."""
    code = Exit.NOT_NOW if error.errno == errno.EADDRINUSE else Exit.CONFIGURATION
    return Stop(
        code, Text("{where}: cannot listen on {address} ({why})", where=where, address=address, why=why_of(error))
    )
