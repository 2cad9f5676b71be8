"""What an actor does not want to hear of which rule, by whom it was decided, why, and until when: ``tuning.toml``.

An entry holds to the end of its last day (UTC) and then falls out by itself. Pure: tables in, entries and the text of
Suricata's threshold file out. Refuses to know the rules themselves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from ipaddress import ip_network
from typing import Any, Final, Literal, cast, get_args

from bavn.model.text import Text

Act = Literal["suppress", "threshold", "disable"]
Side = Literal["src", "dst", "either"]
Kind = Literal["limit", "threshold", "both"]
Track = Literal["by_src", "by_dst", "by_both", "by_rule"]
ENTRIES_MAX: Final = 10_000
SID_MAX: Final = 2**32 - 1
COMMENT_LENGTH_MAX: Final = 500
SECONDS_MAX: Final = 86400 * 7
COUNT_MAX: Final = 1_000_000
ID_LENGTH_MAX: Final = 40
NEVER: Final = "never"
_COMMON: Final = ("id", "sid", "gid", "comment", "who", "until", "review", "ended_by")
_OWN: Final[dict[Act, tuple[str, ...]]] = {
    "suppress": ("src", "dst", "either"),
    "threshold": ("type", "track", "count", "seconds"),
    "disable": (),
}
_TRACKS: Final[dict[Side, str]] = {"src": "by_src", "dst": "by_dst", "either": "by_either"}


class TuningWrong(ValueError):
    """An entry, or the file, is not as it must be; the message names it. The operator must act. ``where``: the file and
    the entry; ``what`` is wrong with it."""

    def __init__(self, where: str, what: Text) -> None:
        super().__init__(Text.shaped("{where}: {what}", where=where, what=what))
        self.where, self.what = where, what


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """One entry. ``until``: its last day, None for one that never ends, which has a ``review`` day instead.
    ``side``/``network`` of a suppression; ``kind``, ``track``, ``count``, ``seconds`` of a threshold."""

    id: str
    act: Act
    sid: int
    gid: int
    comment: str
    who: str
    until: date | None
    review: date | None
    side: Side | None = None
    network: str | None = None
    kind: Kind | None = None
    track: Track | None = None
    count: int = 0
    seconds: int = 0

    def active(self, today: date) -> bool:
        return self.until is None or today <= self.until

    def due(self, today: date) -> bool:
        """Whether somebody must look at it again."""
        return self.until is None and self.review is not None and today > self.review

    def line(self) -> str:
        """Its line of Suricata's threshold file."""
        rule = f"gen_id {self.gid}, sig_id {self.sid}"
        if self.act == "threshold":
            return f"threshold {rule}, type {self.kind}, track {self.track}, count {self.count}, seconds {self.seconds}"
        if self.act == "suppress" and self.side is not None:
            return f"suppress {rule}, track {_TRACKS[self.side]}, ip {self.network}"
        return f"suppress {rule}"


def threshold_text(entries: Iterable[Tuning], today: date) -> str:
    """Suricata's threshold file: the entries that hold today, in the order of rule and id. It is read anew at each
    reload of the rules."""
    held = sorted((e for e in entries if e.active(today)), key=lambda e: (e.gid, e.sid, e.id))
    return "".join(["# Written by Bavn from tuning.toml.\n", *(f"# {entry.id}\n{entry.line()}\n" for entry in held)])


def tunings(given: Mapping[str, Any], where: str, own_sids: Iterable[range] = ()) -> tuple[Tuning, ...]:
    """Every entry of a file, in its order. ``own_sids``: rules of Bavn's own, which are not tuned. Raises TuningWrong
    for the first that is wrong."""
    unknown = sorted(set(given) - set(_OWN))
    if unknown:
        raise TuningWrong(
            where,
            Text(
                "[[{unknown}]] is nothing known; write [[suppress]], [[threshold]] or [[disable]]",
                unknown=unknown[0],
            ),
        )
    tunings: list[Tuning] = []
    for act in get_args(Act):
        listed = given.get(act, [])
        if not isinstance(listed, list) or not all(isinstance(table, dict) for table in listed):
            raise TuningWrong(where, Text("{act} must be tables: [[{act}]]", act=act))
        for number, table in enumerate(listed, 1):
            named = f"{where}: [[{act}]] number {number}"
            sid = table.get("sid")
            tunings.append(_entry(act, table, f"{named} (sid {sid})" if isinstance(sid, int) else named))
            if any(tunings[-1].gid == 1 and tunings[-1].sid in own for own in own_sids):
                raise TuningWrong(
                    named,
                    Text(
                        "sid {sid} is Bavn's own: lift the block, or use known_long, instead",
                        sid=sid,
                    ),
                )
    if len(tunings) > ENTRIES_MAX:
        raise TuningWrong(where, Text("more than {entries_max} entries", entries_max=ENTRIES_MAX))
    seen: set[str] = set()
    for entry in tunings:
        if entry.id in seen:
            raise TuningWrong(where, Text("two entries have the id {id}, or say the same", id=repr(entry.id)))
        seen.add(entry.id)
    return tuple(tunings)


def _entry(act: Act, table: Mapping[str, Any], where: str) -> Tuning:
    known = (*_COMMON, *_OWN[act])
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise TuningWrong(
            where,
            Text(
                "nothing is called {unknown}; known: {known}",
                unknown=repr(unknown[0]),
                known=", ".join(known),
            ),
        )
    until, review = _ends(table, where)
    sid = _number(table, "sid", 1, SID_MAX, where)
    gid = _number(table, "gid", 1, SID_MAX, where, default=1)
    more: dict[str, Any] = {}
    if act == "suppress":
        sides = [side for side in get_args(Side) if side in table]
        if len(sides) != 1:
            raise TuningWrong(where, Text("give one of src, dst or either: an address or network (CIDR)"))
        more = {"side": sides[0], "network": _network(table[sides[0]], f"{where}: {sides[0]}")}
    if act == "threshold":
        more = {
            "kind": _one_of(table, "type", get_args(Kind), where),
            "track": _one_of(table, "track", get_args(Track), where),
            "count": _number(table, "count", 1, COUNT_MAX, where),
            "seconds": _number(table, "seconds", 1, SECONDS_MAX, where),
        }
    facts = {**more, "sid": sid, "gid": gid}
    return Tuning(
        id=_words(table, "id", ID_LENGTH_MAX, where) if "id" in table else _name(act, facts),
        act=act,
        comment=_words(table, "comment", COMMENT_LENGTH_MAX, where),
        who=_words(table, "who", 200, where),
        until=until,
        review=review,
        **facts,
    )


def _name(act: Act, facts: Mapping[str, Any]) -> str:
    """The id of an entry that has none: of what it does, so that it stays the same."""
    said = "|".join([act, *(f"{key}={facts[key]}" for key in sorted(facts))])
    return f"{act}-{facts['sid']}-{blake2b(said.encode(), digest_size=3).hexdigest()}"


def _ends(table: Mapping[str, Any], where: str) -> tuple[date | None, date | None]:
    if "until" not in table:
        raise TuningWrong(where, Text('until is missing: its last day (2027-01-31), or "never" with a review day'))
    if table["until"] == NEVER:
        if "review" not in table:
            raise TuningWrong(where, Text("what never ends needs a review day: review = 2027-01-31"))
        return None, _day(table["review"], f"{where}: review")
    if "review" in table:
        raise TuningWrong(where, Text('review goes with until = "never" only'))
    return _day(table["until"], f"{where}: until"), None


def _day(given: Any, where: str) -> date:
    if isinstance(given, str):
        try:
            return date.fromisoformat(given)
        except ValueError as error:
            raise TuningWrong(where, Text("{given} is no day such as 2027-01-31", given=repr(given))) from error
    if not isinstance(given, date) or isinstance(given, datetime):
        raise TuningWrong(where, Text("{given} is no day such as 2027-01-31", given=format(str(given), ".40")))
    return given


def _number(table: Mapping[str, Any], name: str, low: int, high: int, where: str, default: int | None = None) -> int:
    given = table.get(name, default)
    if type(given) is not int or not low <= given <= high:
        raise TuningWrong(
            where,
            Text(
                "{name} must be a whole number from {low} to {high}",
                name=name,
                low=low,
                high=high,
            ),
        )
    return given


def _one_of(table: Mapping[str, Any], name: str, known: tuple[str, ...], where: str) -> str:
    given = table.get(name)
    if given not in known:
        raise TuningWrong(where, Text("{name} must be one of {known}", name=name, known=", ".join(known)))
    return cast("str", given)


def _words(table: Mapping[str, Any], name: str, length_max: int, where: str) -> str:
    given = table.get(name)
    if not isinstance(given, str) or not given.strip() or len(given) > length_max or not given.isprintable():
        raise TuningWrong(
            where,
            Text(
                "{name} is required: one line of at most {length_max} characters",
                name=name,
                length_max=length_max,
            ),
        )
    return given.strip()


def _network(given: Any, where: str) -> str:
    try:
        network = ip_network(given if isinstance(given, str) else "")
    except ValueError as error:
        raise TuningWrong(
            where,
            Text(
                "{given} is no address or network ({error})",
                given=format(str(given), ".60"),
                error=error,
            ),
        ) from error
    if network.prefixlen == 0:
        raise TuningWrong(where, Text("{given} is everything: use [[disable]]", given=given))
    return str(network.network_address) if network.num_addresses == 1 else str(network)
