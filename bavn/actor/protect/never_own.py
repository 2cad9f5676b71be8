"""What people at this actor add to the never-block list by hand: in the node's own book, so it holds from the next step
on, without a restart and without a centre.

Only adds: what stands in the file, or comes with Bavn, is not struck from here. Refuses to decide what is released
again once an entry goes: gate 4 weighs it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_address, ip_network
from typing import Any, Final, Literal

from bavn.model.observable import NotCanonical, Observable, ObservableType, registered_domain
from bavn.model.outcome import Refused
from bavn.wire.book import Book

Covers = Literal["tree", "name", "network"]
BY_HAND: Final = "by_hand"
"""The table of the list under which these entries stand."""
OWN_MAX: Final = 1000
IP4_BYTES: Final = 4
IP4_PREFIX_MIN: Final = 8
IP6_PREFIX_MIN: Final = 19
"""A network wider than this is no equipment and no supplier: it would switch protection off."""
SCHEMA: Final = (
    """CREATE TABLE protect_never (
        number INTEGER PRIMARY KEY AUTOINCREMENT, covers TEXT NOT NULL CHECK (covers IN ('tree', 'name', 'network')),
        value TEXT NOT NULL, why TEXT NOT NULL, by TEXT NOT NULL, at_us INTEGER NOT NULL, UNIQUE (covers, value)
    ) STRICT""",
)
Asks = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
Mark = tuple[int, int]
_DOMAIN: Final = ObservableType.DOMAIN.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """An entry. ``covers``: tree (a name and all below it), name, or network (CIDR). ``why``: the person's reason;
    ``number`` 0: not written yet."""

    covers: Covers
    value: str
    why: str = ""
    by: str = ""
    at_us: int = 0
    number: int = 0


def own_of(covers: Covers, text: str) -> Own | Refused:
    """An entry as it is written, in canonical form; refused where it is no name or network, or covers far too much."""
    given = text.strip()
    if covers == "network":
        try:
            network = ip_network(given)
        except ValueError:
            return Refused("no_network", "{given!r} is no address or network (CIDR)", given=given[:80])
        least = IP4_PREFIX_MIN if isinstance(network, IPv4Network) else IP6_PREFIX_MIN
        if network.prefixlen < least:
            return Refused("too_wide", "{network} is wider than /{least}", network=network, least=least)
        return Own(covers=covers, value=str(network))
    try:
        name = Observable.of(ObservableType.DOMAIN, given).value
    except NotCanonical:
        return Refused("no_name", "{given!r} is no domain name", given=given[:80])
    if registered_domain(name) is None:
        return Refused(
            "too_wide",
            "{name!r} is a public suffix: whatever is registered below it is somebody else's",
            name=name[:80],
        )
    return Own(covers=covers, value=name)


def prepare(book: Book) -> None:
    """Makes the table where it is not there yet."""
    book.part("protect_never", 1, SCHEMA)


def own_entries(rows: Asks) -> list[Own]:
    """All entries, oldest first."""
    found = rows("SELECT number, covers, value, why, by, at_us FROM protect_never ORDER BY number", ())
    return [Own(number=n, covers=covers, value=v, why=why, by=by, at_us=at) for n, covers, v, why, by, at in found]


def own_mark(rows: Asks) -> Mark:
    """How many there are and the newest number ever given: another one after every change."""
    ((count, newest),) = rows(
        """SELECT (SELECT count(*) FROM protect_never),
          coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'protect_never'), 0)""",
        (),
    )
    return count, newest


def add_own(book: Book, entries: Sequence[Own], why: str, by: str, now_us: int) -> Refused | None:
    """Writes them, all or none; joins the open transaction. Refused where one stands there, or there are too many."""
    prepare(book)
    with book.transaction() as tx:
        there = {(entry.covers, entry.value) for entry in own_entries(book.rows)}
        twice = next((entry for entry in entries if (entry.covers, entry.value) in there), None)
        if twice is not None:
            return Refused("there_already", "{value} stands there already", value=twice.value)
        if len(there) + len(entries) > OWN_MAX:
            return Refused(
                "list_full", "at most {most} entries are kept here: write the rest into a file", most=OWN_MAX
            )
        for entry in entries:
            tx.execute(
                "INSERT INTO protect_never (covers, value, why, by, at_us) VALUES (?, ?, ?, ?, ?)",
                (entry.covers, entry.value, why, by, now_us),
            )
    return None


def remove_own(book: Book, entries: Sequence[Own]) -> Refused | None:
    """Strikes them, all or none; joins the open transaction. Refused where one does not stand there."""
    prepare(book)
    with book.transaction() as tx:
        there = {(entry.covers, entry.value) for entry in own_entries(book.rows)}
        missing = next((entry for entry in entries if (entry.covers, entry.value) not in there), None)
        if missing is not None:
            return Refused("not_own", "{value} was not added here by hand", value=missing.value)
        for entry in entries:
            tx.execute("DELETE FROM protect_never WHERE covers = ? AND value = ?", (entry.covers, entry.value))
    return None


def touched(rows: Asks, entries: Iterable[Own], standings: Sequence[str], rule: str = "") -> Iterator[str]:
    """Ids of remembered indicators, each once, that these entries have a say in: a name that is listed, below a listed
    tree or above anything listed; an address in a network. ``rule`` other than "": only those that stand by it."""
    seen: set[str] = set()
    for entry in entries:
        sql, given = _condition(entry)
        marks = ", ".join("?" for _ in standings)
        touching = rows(
            f"""SELECT indicator_id, value FROM protect_item
            WHERE {sql} AND standing IN ({marks}) AND (? = '' OR rule = ?) ORDER BY indicator_id""",
            (*given, *standings, rule, rule),
        )
        network = ip_network(entry.value) if entry.covers == "network" else None
        for indicator_id, value in touching:
            if indicator_id not in seen and (network is None or ip_address(value) in network):
                seen.add(indicator_id)
                yield indicator_id


def _condition(entry: Own) -> tuple[str, tuple[Any, ...]]:
    if entry.covers == "network":
        network = ip_network(entry.value)
        if isinstance(network, IPv4Network):
            whole = str(network.network_address).split(".")[: network.prefixlen // 8]
            begins = ".".join(whole if len(whole) == IP4_BYTES else [*whole, "%"])
            return "type = ? AND value LIKE ?", (ObservableType.IP4.value, begins)
        return "type = ?", (ObservableType.IP6.value,)
    labels = entry.value.split(".")
    names = [".".join(labels[at:]) for at in range(len(labels))]
    marks = ", ".join("?" for _ in names)
    if entry.covers == "name":
        return f"type = ? AND value IN ({marks})", (_DOMAIN, *names)
    end = f".{entry.value}"
    return f"type = ? AND (value IN ({marks}) OR substr(value, ?) = ?)", (_DOMAIN, *names, -len(end), end)
