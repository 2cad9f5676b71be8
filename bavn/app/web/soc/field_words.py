"""What leaves this actor, read field by field: its name, its privacy class and what its value means, in both languages.

A field of a message upwards that nobody named breaks tests/app/web/soc/test_fields.py. Refuses to know a whole
message's purpose, and to leave a field out: one that is not known is shown as it is.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from bavn.app.web.frame import TextShape
from bavn.app.web.soc.shapes import Frozen
from bavn.model.evidence import AGE_EDGES_DAYS, PERIOD_EDGES_S, REGULARITY_EDGES, p_of_bucket
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US, iso
from bavn.model.sector.tally import technique_words
from bavn.model.spans import lasting
from bavn.model.text import Number, Text
from bavn.wire.messages.catalogue import DOWN, UP
from bavn.wire.privacy import Message, Privacy

VALUE_CHARS_MAX: Final = 300
KINDS: Final[Mapping[str, type[Message]]] = {kind.__name__: kind for kind in (*UP, *DOWN)}
CLASSES: Final[Mapping[Privacy, Text]] = {
    Privacy.S0: Text("random to anyone below the threshold"),
    Privacy.S1: Text("report on something outside that enough others hold"),
    Privacy.S2: Text("sighting of a shared indicator"),
    Privacy.S3: Text("count with noise for the sector's picture"),
    Privacy.S4: Text("how the node is"),
    Privacy.S5: Text("given by a person here"),
    Privacy.C: Text("said by the centre"),
}
NAMES: Final[Mapping[str, Text]] = {
    "act": Text("act"),
    "bin": Text("place in the round's table"),
    "blocked": Text("blocked, by sort of indicator"),
    "by_technique": Text("hosts suspected, by technique"),
    "capture_loss_permille": Text("packets lost"),
    "case_id": Text("case"),
    "cell_max": Text("largest count before noise"),
    "clock_skew_s": Text("clock off by"),
    "content": Text("the evidence (zip)"),
    "crosses": Text("may reach other countries"),
    "cosignature": Text("this node's signature below the log"),
    "count_bucket": Text("how often"),
    "day": Text("day"),
    "days": Text("days of history asked"),
    "detector": Text("detector"),
    "draw": Text("commitment for the draw of a table"),
    "enforcers": Text("enforced by"),
    "epsilon_milli": Text("epsilon of the noise"),
    "first_hour": Text("first hour"),
    "forms": Text("forms that it can read"),
    "functions": Text("of them by critical function, noise in every number"),
    "hosts_bucket": Text("own hosts"),
    "in_all": Text("own hosts that a block would hit, with noise"),
    "indicator_id": Text("indicator"),
    "key_check": Text("check of the round's keys"),
    "kind": Text("kind"),
    "last_hour": Text("last hour"),
    "last_round": Text("last round"),
    "links": Text("links of the canary's chain"),
    "minute": Text("when"),
    "not_carried": Text("not carried by"),
    "number": Text("number in the question"),
    "openings": Text("values for the draw of a table"),
    "p_bucket": Text("how unlikely by chance"),
    "period_bucket": Text("period"),
    "planes": Text("shares of the round"),
    "problems": Text("what is wrong"),
    "question_id": Text("question"),
    "queue_messages": Text("messages waiting"),
    "records": Text("record types at hand"),
    "registry_version": Text("version of the members' list"),
    "regularity_bucket": Text("spread of the period"),
    "root": Text("fingerprint of the centre's log"),
    "round_id": Text("round"),
    "rule": Text("rule"),
    "run": Text("number of the day"),
    "sensor": Text("sensor"),
    "serial": Text("number of the answer"),
    "size": Text("entries of the centre's log"),
    "state": Text("state"),
    "table": Text("table of the round"),
    "tags": Text("receipts"),
    "task_id": Text("task"),
    "technique": Text("technique"),
    "type": Text("type"),
    "value": Text("value"),
    "version": Text.in_context("web soc field words", "version"),
    "vocabulary": Text("version of the list of counts"),
    "walk_half_nats": Text("weight of failed attempts"),
    "age_bucket": Text("how long it has been known here"),
    "warning_id": Text("warning"),
    "why": Text("why"),
    "words": Text("words"),
}
HOSTS: Final = ("1", "2–3", "4–10", "> 10")
COUNTS: Final = ("0", "1", "2–3", "4–10", "11–100", "> 100")
WORDS: Final[Mapping[str, Text]] = {
    "seen": Text("seen in traffic"),
    "blocked": Text("blocked"),
    "retro": Text("found in own history"),
    "met": Text("met here"),
    "not_met": Text("not met here"),
    "enforced": Text.in_context("web soc field words", "in force"),
    "partly": Text("in force in part"),
    "refused": Text("refused here"),
    "lifted": Text("lifted here"),
    "waiting": Text("waits here"),
    "acknowledge": Text("acknowledged"),
    "applies": Text("concerns us"),
    "not-applicable": Text("does not concern us"),
    "done": Text("done"),
    "affected": Text("affected"),
    "not-affected": Text("not affected"),
    "up": Text("works"),
    "down": Text("down"),
    "none": Text.in_context("web soc field words", "none"),
    "domain": Text("a name outside"),
    "ip4": Text("an address outside"),
    "ip6": Text("an address outside"),
    "sha256": Text("a file"),
    "cert": Text("a certificate"),
    "new": Text("new"),
    "correction": Text("a correction"),
}
"""Values that are words, in fields of their own."""
OF_WORDS: Final = frozenset({"kind", "state", "act", "sensor", "type"})


class LeavingField(Frozen):
    """One field. ``value``: as it stands in the message; ``privacy``: its class (DESIGN.md), empty where no message has
    such a field; ``means``: the value in words, None where it says all by itself."""

    name: str
    says: TextShape
    privacy: str
    privacy_says: TextShape | None
    value: str
    means: TextShape | None


def fields_of(kind: str, body: Mapping[str, Any]) -> list[LeavingField]:
    """Every field of a message of this kind, in its order; fields that the kind does not know come last."""
    known = KINDS[kind].privacy() if kind in KINDS else {}
    names = [name for name in known if name in body] + [name for name in body if name not in known]
    return [_field(name, body[name], known.get(name)) for name in names]


def fields_of_text(kind: str, text: str) -> list[LeavingField]:
    """The same of a ledger line's body; none where it is no JSON object."""
    try:
        body = json.loads(text)
    except ValueError:
        return []
    return fields_of(kind, body) if isinstance(body, dict) else []


def _field(name: str, value: Any, privacy: Privacy | None) -> LeavingField:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if len(text) > VALUE_CHARS_MAX:
        text = text[: VALUE_CHARS_MAX - 1] + "…"
    means = meaning(name, value)
    return LeavingField(
        name=name,
        says=TextShape.of(NAMES.get(name, Text.plain(name))),
        privacy=privacy or "",
        privacy_says=TextShape.of(CLASSES[privacy]) if privacy else None,
        value=text,
        means=None if means is None else TextShape.of(means),
    )


def meaning(name: str, value: Any) -> Text | None:
    """What a value of this field means; None where it says all by itself, or is none that the field may hold."""
    if value is None:
        return Text("not known")
    try:
        if name in OF_WORDS:
            return WORDS.get(value)
        reader = _READ.get(name)
        return None if reader is None else reader(value)
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, OSError, AttributeError):
        return None


def _p(value: int) -> Text:
    odds = round(1 / p_of_bucket(value))
    return Text("at most one in {odds} by chance", odds=Number(odds))


def _whole(value: Any) -> int:
    """A list times an hour would be a very long list."""
    if type(value) is not int:
        raise TypeError("no whole number")
    return value


def _at(us: int) -> Text:
    when = iso(us)[:16].replace("T", " ") + " UTC"
    return Text.plain(when)


def _step(edges: tuple[float, ...], value: int, *, seconds: bool) -> Text:
    least, most = (edges[value - 1] if value else 0), (edges[value] if value < len(edges) else None)
    if value < 0 or value > len(edges):
        raise ValueError("no step")
    says: Callable[[float], Text | Number] = _lasting if seconds else _figure
    if most is None:
        return Text.shaped("> {least}", least=says(least))
    return Text.shaped("{least} – {most}" if seconds else "{least}–{most}", least=says(least), most=says(most))


def _lasting(seconds: float) -> Text:
    return lasting(seconds * SECOND_US) if seconds >= 1 else Text.number(seconds, "g")


def _figure(value: float) -> Number:
    return Number(value, "g")


def _of(names: tuple[str, ...], value: int) -> Text:
    if value < 0:
        raise ValueError("no step")
    return Text.plain(names[value])


def _many(value: Any) -> Text:
    count = len(value)
    return Text("{count} in all", count=count)


def _age(bucket: int) -> Text:
    if bucket >= len(AGE_EDGES_DAYS):
        return Text.counted("more than {count:,} day", "more than {count:,} days", AGE_EDGES_DAYS[-1])
    return Text.counted("{count:,} day at most", "{count:,} days at most", AGE_EDGES_DAYS[bucket])


def _bytes(value: Any) -> Text:
    size = int(value["bytes"])
    return Text("{size} bytes, by length and hash", size=Number(size))


_READ: Final[Mapping[str, Callable[[Any], Text]]] = {
    "p_bucket": _p,
    "hosts_bucket": lambda value: _of(HOSTS, value),
    "count_bucket": lambda value: _of(COUNTS, value),
    "first_hour": lambda value: _at(_whole(value) * HOUR_US),
    "last_hour": lambda value: _at(_whole(value) * HOUR_US),
    "minute": lambda value: _at(_whole(value) * MINUTE_US),
    "day": lambda value: Text.plain(iso(_whole(value) * DAY_US)[:10]),
    "period_bucket": lambda value: _step(PERIOD_EDGES_S, value, seconds=True),
    "regularity_bucket": lambda value: _step(REGULARITY_EDGES, value, seconds=False),
    "walk_half_nats": lambda value: Text("{value} nats", value=Number(value / 2, "+g")),
    "age_bucket": lambda value: _age(_whole(value)),
    "technique": technique_words,
    "capture_loss_permille": lambda value: Text.shaped("{share} %", share=Number(value / 10, "g")),
    "clock_skew_s": lambda value: Text("{value} s", value=f"{value:d}"),
    "epsilon_milli": lambda value: Text.number(value / 1000, "g"),
    "tags": _many,
    "by_technique": _many,
    "blocked": _many,
    "planes": _bytes,
    "content": _bytes,
}
