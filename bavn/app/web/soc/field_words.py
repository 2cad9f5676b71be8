"""What leaves this actor, read field by field: its name, its privacy class and what its value means, in both languages.

A field of a message upwards that nobody named breaks tests/app/web/soc/test_fields.py. Refuses to know a whole
message's purpose, and to leave a field out: one that is not known is shown as it is.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from bavn.app.web.frame import TextShape
from bavn.app.web.soc.shapes import Frozen
from bavn.model.evidence import PERIOD_EDGES_S, REGULARITY_EDGES, p_of_bucket
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, iso
from bavn.model.sector.tally import TECHNIQUES, technique_entry
from bavn.model.text import Text
from bavn.wire.messages.catalogue import DOWN, UP
from bavn.wire.privacy import Message, Privacy

VALUE_CHARS_MAX: Final = 300
KINDS: Final[Mapping[str, type[Message]]] = {kind.__name__: kind for kind in (*UP, *DOWN)}
CLASSES: Final[Mapping[Privacy, Text]] = {
    Privacy.S0: Text("random to anyone below the threshold", "tilfældigt for enhver under tærsklen"),
    Privacy.S1: Text(
        "report on something outside that enough others hold", "melding om noget udefra, som nok andre har"
    ),
    Privacy.S2: Text("sighting of a shared indicator", "observation af en delt indikator"),
    Privacy.S3: Text("count with noise for the sector's picture", "antal med støj til sektorens billede"),
    Privacy.S4: Text("how the node is", "hvordan noden har det"),
    Privacy.S5: Text("given by a person here", "givet af et menneske her"),
    Privacy.C: Text("said by the centre", "sagt af centralen"),
}
NAMES: Final[Mapping[str, Text]] = {
    "act": Text("act", "handling"),
    "bin": Text("place in the round's table", "plads i rundens tabel"),
    "blocked": Text("blocked, by sort of indicator", "spærret, efter slags indikator"),
    "by_technique": Text("hosts suspected, by technique", "mistænkte maskiner, efter teknik"),
    "capture_loss_permille": Text("packets lost", "tabte pakker"),
    "case_id": Text("case", "sag"),
    "cell_max": Text("largest count before noise", "største antal før støj"),
    "clock_skew_s": Text("clock off by", "ur forkert med"),
    "content": Text("the evidence (zip)", "beviset (zip)"),
    "crosses": Text("may reach other countries", "kan nå andre lande"),
    "count_bucket": Text("how often", "hvor ofte"),
    "day": Text("day", "dag"),
    "days": Text("days of history asked", "dage af historik spurgt"),
    "detector": Text("detector", "detektor"),
    "enforcers": Text("enforced by", "håndhævet af"),
    "epsilon_milli": Text("epsilon of the noise", "støjens epsilon"),
    "exercise_id": Text("exercise", "øvelse"),
    "first_hour": Text("first hour", "første time"),
    "forms": Text("forms that it can read", "former, den kan læse"),
    "hosts_bucket": Text("own hosts", "egne maskiner"),
    "indicator_id": Text("indicator", "indikator"),
    "key_check": Text("check of the round's keys", "kontrol af rundens nøgler"),
    "kind": Text("kind", "slags"),
    "last_hour": Text("last hour", "sidste time"),
    "last_round": Text("last round", "seneste runde"),
    "links": Text("links of the canary's chain", "led i kanariefuglens kæde"),
    "minute": Text("when", "hvornår"),
    "not_carried": Text("not carried by", "bæres ikke af"),
    "number": Text("number in the question", "nummer i spørgsmålet"),
    "p_bucket": Text("how unlikely by chance", "hvor usandsynligt ved et tilfælde"),
    "period_bucket": Text("period", "periode"),
    "planes": Text("shares of the round", "rundens andele"),
    "problems": Text("what is wrong", "hvad der er galt"),
    "question_id": Text("question", "spørgsmål"),
    "queue_messages": Text("messages waiting", "meddelelser, der venter"),
    "records": Text("record types at hand", "posttyper, der er"),
    "registry_version": Text("version of the members' list", "udgave af medlemslisten"),
    "regularity_bucket": Text("spread of the period", "periodens spredning"),
    "round_id": Text("round", "runde"),
    "rule": Text("rule", "regel"),
    "run": Text("number of the day", "dagens nummer"),
    "second": Text("seconds since it began", "sekunder siden den begyndte"),
    "sensor": Text("sensor", "sensor"),
    "serial": Text("number of the answer", "svarets nummer"),
    "state": Text("state", "tilstand"),
    "step": Text("step", "trin"),
    "table": Text("table of the round", "rundens tabel"),
    "tags": Text("receipts", "kvitteringer"),
    "task_id": Text("task", "opgave"),
    "technique": Text("technique", "teknik"),
    "type": Text("type", "type"),
    "value": Text("value", "værdi"),
    "version": Text("version", "udgave"),
    "vocabulary": Text("version of the list of counts", "udgave af listen over antal"),
    "walk_bucket": Text("weight of failed attempts", "vægt af mislykkede forsøg"),
    "warning_id": Text("warning", "varsel"),
    "why": Text("why", "hvorfor"),
    "words": Text("words", "ord"),
}
HOSTS: Final = ("1", "2–3", "4–10", "> 10")
COUNTS: Final = ("0", "1", "2–3", "4–10", "11–100", "> 100")
WORDS: Final[Mapping[str, Text]] = {
    "seen": Text("seen in traffic", "set i trafik"),
    "blocked": Text("blocked", "spærret"),
    "retro": Text("found in own history", "fundet i egen historik"),
    "met": Text("met here", "mødt her"),
    "not_met": Text("not met here", "ikke mødt her"),
    "enforced": Text("in force", "i kraft"),
    "partly": Text("in force in part", "delvist i kraft"),
    "refused": Text("refused here", "afvist her"),
    "lifted": Text("lifted here", "ophævet her"),
    "waiting": Text("waits here", "venter her"),
    "acknowledge": Text("acknowledged", "kvitteret"),
    "applies": Text("concerns us", "vedrører os"),
    "not-applicable": Text("does not concern us", "vedrører os ikke"),
    "done": Text("done", "udført"),
    "affected": Text("affected", "berørt"),
    "not-affected": Text("not affected", "ikke berørt"),
    "up": Text("works", "virker"),
    "down": Text("down", "nede"),
    "none": Text("none", "ingen"),
    "domain": Text("a name outside", "et navn udefra"),
    "ip4": Text("an address outside", "en adresse udefra"),
    "ip6": Text("an address outside", "en adresse udefra"),
    "sha256": Text("a file", "en fil"),
    "cert": Text("a certificate", "et certifikat"),
    "new": Text("new", "ny"),
    "correction": Text("a correction", "en rettelse"),
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
        says=TextShape.of(NAMES.get(name, Text(name, name))),
        privacy=privacy or "",
        privacy_says=TextShape.of(CLASSES[privacy]) if privacy else None,
        value=text,
        means=None if means is None else TextShape.of(means),
    )


def meaning(name: str, value: Any) -> Text | None:
    """What a value of this field means; None where it says all by itself, or is none that the field may hold."""
    if value is None:
        return Text("not known", "ukendt")
    try:
        if name in OF_WORDS:
            return WORDS.get(value)
        reader = _READ.get(name)
        return None if reader is None else reader(value)
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, OSError, AttributeError):
        return None


def _p(value: int) -> Text:
    odds = round(1 / p_of_bucket(value))
    return Text(f"at most one in {odds:,} by chance", f"højst én ud af {odds:,} ved et tilfælde".replace(",", "."))


def _whole(value: Any) -> int:
    """A list times an hour would be a very long list."""
    if type(value) is not int:
        raise TypeError("no whole number")
    return value


def _at(us: int) -> Text:
    when = iso(us)[:16].replace("T", " ") + " UTC"
    return Text(when, when)


def _step(edges: tuple[float, ...], value: int, unit: str) -> Text:
    least, most = (edges[value - 1] if value else 0), (edges[value] if value < len(edges) else None)
    if value < 0 or value > len(edges):
        raise ValueError("no step")
    said = f"> {least:g}{unit}" if most is None else f"{least:g}–{most:g}{unit}"
    return Text(said, said if unit else said.replace(".", ","))


def _of(names: tuple[str, ...], value: int) -> Text:
    if value < 0:
        raise ValueError("no step")
    return Text(names[value], names[value])


def _many(value: Any) -> Text:
    count = len(value)
    return Text(f"{count} in all", f"{count} i alt")


def _bytes(value: Any) -> Text:
    size = int(value["bytes"])
    return Text(f"{size:,} bytes, by length and hash", f"{size:,} byte, ved længde og hash".replace(",", ".", 1))


_READ: Final[Mapping[str, Callable[[Any], Text]]] = {
    "p_bucket": _p,
    "hosts_bucket": lambda value: _of(HOSTS, value),
    "count_bucket": lambda value: _of(COUNTS, value),
    "first_hour": lambda value: _at(_whole(value) * HOUR_US),
    "last_hour": lambda value: _at(_whole(value) * HOUR_US),
    "minute": lambda value: _at(_whole(value) * MINUTE_US),
    "day": lambda value: Text(iso(_whole(value) * DAY_US)[:10], iso(_whole(value) * DAY_US)[:10]),
    "period_bucket": lambda value: _step(PERIOD_EDGES_S, value, " s"),
    "regularity_bucket": lambda value: _step(REGULARITY_EDGES, value, ""),
    "walk_bucket": lambda value: Text(f"{value:+d} nats", f"{value:+d} nat"),
    "technique": lambda value: TECHNIQUES[technique_entry(value)],
    "capture_loss_permille": lambda value: Text(f"{value / 10:g} %", f"{value / 10:g} %".replace(".", ",")),
    "clock_skew_s": lambda value: Text(f"{value:d} s", f"{value:d} s"),
    "epsilon_milli": lambda value: Text(f"{value / 1000:g}", f"{value / 1000:g}".replace(".", ",")),
    "tags": _many,
    "by_technique": _many,
    "blocked": _many,
    "planes": _bytes,
    "content": _bytes,
}
