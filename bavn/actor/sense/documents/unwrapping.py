"""A document -> the lines of EVE or of a Zeek log that it holds, under their own names.

What a search answers, a bulk request, a shipper's envelope are taken off; of a mapped document the fields are found
under the names of names.py. Refuses to judge values: the readers of EVE and of Zeek do.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bavn.actor.sense.documents.flows import FLOW, has_flow
from bavn.actor.sense.documents.moments import zoned
from bavn.actor.sense.documents.names import EVE_ENDS, EVE_NAMES, LOGS, ZEEK_ENDS, ZEEK_NAMES, Names
from bavn.actor.sense.zeek.fields import FIELDS, TELLING, log_named

Doc = Mapping[str, Any]
ENVELOPES_MAX: Final = 6
LEVELS_MAX: Final = 12
_ACTIONS: Final = frozenset({"index", "create", "update", "delete"})
_INNER: Final = (
    "_source",
    "result",
    "doc",
    "json",
    "event",
    "suricata_event",
    "data",
    "log_record",
    "message",
)
_WHOLE: Final = ("_source", "message")
"""Nothing else is an object of these names but the document."""
_LISTS: Final = ("results", "messages", "data", "records", "events", "result")
"""What a search of Splunk, Graylog, Arkime, Loki or a cloud calls its list of what it found."""
_TEXTS: Final = (
    "_raw",
    "event.original",
    "message",
    "original",
    "log",
    "MESSAGE",
    "full_message",
    "short_message",
    "syslog_message",
    "raw_event",
    "line",
    "event",
)
"""Where shippers and collectors keep the line itself."""
TEXT: Final = "text"
_MOMENTS: Final = ("@timestamp", "_time", "timestamp", "time", "__REALTIME_TIMESTAMP")
_NOTHING: Final[tuple[object, ...]] = (None, "", "-", [], {})
_OF_ZEEK: Final = ("uid", "id", "_path", "fuid", "fingerprint")
_SPANS: Final = frozenset({"duration"})


@dataclass(frozen=True, slots=True)
class Line:
    """``log``: eve, one of zeek_fields.FIELDS, ``flow`` for what flows.flow_of reads, ``text`` for a line that is no
    JSON (under that name in ``fields``), or empty for a document that holds none of them. ``moment``: of a text, when
    the document says that it was."""

    log: str
    fields: Doc
    moment: Any = None


PASSES: Final = Line("", {})


def lines_of(document: object, depth: int = 0) -> Iterator[Line]:
    """What a document holds; PASSES for one that is well-formed and holds no record of the network."""
    if isinstance(document, list) and depth < ENVELOPES_MAX:
        for one in document:
            yield from lines_of(one, depth + 1)
        return
    if not isinstance(document, dict):
        yield PASSES
        return
    inner = _envelope(document) if depth < ENVELOPES_MAX else None
    if inner is not None:
        yield from lines_of(inner, depth + 1)
        return
    yield _line(document, depth)


def is_action(doc: Doc) -> bool:
    """A bulk request's line that says what becomes of the next."""
    return len(doc) == 1 and all(name in _ACTIONS and isinstance(value, dict) for name, value in doc.items())


def _envelope(doc: Doc) -> object | None:
    """What stands inside of something that a search, a bulk request or a collector put around it."""
    hits = doc.get("hits")
    if isinstance(hits, dict) and isinstance(hits.get("hits"), list):
        return hits["hits"]  # type: ignore[no-any-return]
    if _is_native(doc):
        return None
    if isinstance(doc.get("fields"), list) and isinstance(doc.get("rows"), list):
        return [dict(zip(map(str, doc["fields"]), row, strict=False)) for row in doc["rows"] if isinstance(row, list)]
    if isinstance(doc.get("stream"), dict) and isinstance(doc.get("values"), list):  # Loki's
        return [{"timestamp": pair[0], "line": pair[1]} for pair in doc["values"] if _is_pair(pair)]
    for name in _LISTS:
        if isinstance(doc.get(name), list) and doc[name] and all(isinstance(one, dict) for one in doc[name]):
            return doc[name]  # type: ignore[no-any-return]
    for name in ("responses", "rawResponse"):
        if isinstance(doc.get(name), (list, dict)) and "hits" in json.dumps(doc[name])[:4096]:
            return doc[name]  # type: ignore[no-any-return]
    for name in _INNER:
        inner = doc.get(name)
        if isinstance(inner, dict) and (name in _WHOLE or _may_be(inner) or isinstance(inner.get("result"), list)):
            return inner
    if isinstance(doc.get("fields"), dict) and "_index" in doc:
        return doc["fields"]  # type: ignore[no-any-return]
    return None


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2


def _is_native(doc: Doc) -> bool:
    """EVE's or Zeek's own names."""
    moment = "timestamp" in doc or "@timestamp" in doc
    return (isinstance(doc.get("event_type"), str) and moment) or (
        "ts" in doc and any(name in doc for name in _OF_ZEEK)
    )


def _may_be(doc: Doc) -> bool:
    return (
        _is_native(doc) or "@timestamp" in doc or "_raw" in doc or any(name in doc for name in ("source", "suricata"))
    )


def _line(doc: Doc, depth: int) -> Line:
    flat = flattened(doc)
    original = _original(flat) if depth < ENVELOPES_MAX and not _is_native(doc) else None
    if original is not None:
        return _line(original, ENVELOPES_MAX)
    if isinstance(_one(flat, ("event_type",)), str) and _one(flat, ("timestamp", "@timestamp")) is not None:
        return _eve(flat, "")
    if _one(flat, ("suricata.eve.event_type",)) is not None:
        return _eve(flat, "suricata.eve.")
    log = _log_of(flat)
    if log in FIELDS:
        return Line(log, _zeek(flat, log))
    ends = all(_one(flat, ZEEK_ENDS[name]) is not None for name in ("id.orig_h", "id.resp_h"))
    if ends and not log and _one(flat, ("network.transport",)) is not None:
        named = _one(flat, ("dns.question.name",)) is not None
        log = "dns" if named else "http" if _one(flat, ("http.request.method",)) is not None else ""
        if log:
            return Line(log, _zeek(flat, log))
    if not log and has_flow(flat):
        return Line(FLOW, flat)
    text = next((text for text in (_one(flat, (name,)) for name in _TEXTS) if isinstance(text, str)), "")
    return Line(TEXT, {TEXT: text}, _one(flat, _MOMENTS)) if text.strip() and not log else PASSES


def _original(flat: Doc) -> dict[str, Any] | None:
    """The line itself, where a shipper kept it as a text."""
    for name in _TEXTS:
        text = _one(flat, (name,))
        if isinstance(text, str) and text.lstrip().startswith("{"):
            try:
                original = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(original, dict) and _is_native(original):
                return original
    return None


def flattened(doc: Doc) -> dict[str, Any]:
    """A document's fields under dotted names; arrays stay."""
    flat: dict[str, Any] = {}

    def go(inner: Doc, before: str, level: int) -> None:
        for name, value in inner.items():
            if isinstance(value, dict) and value and level < LEVELS_MAX:
                go(value, f"{before}{name}.", level + 1)
            else:
                flat.setdefault(before + name, value)

    go(doc, "", 0)
    return flat


def _one(flat: Doc, names: Names) -> Any:
    """The first of them that says something; of a list of one, the one."""
    for name in names:
        value = flat.get(name)
        if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], (dict, list)):
            value = value[0]
        if not any(value is nothing or value == nothing for nothing in _NOTHING):
            return value
    return None


def _eve(flat: Doc, prefix: str) -> Line:
    """An event with its own fields, and under their other names those that a shipper moved."""
    own = {name.removeprefix(prefix): value for name, value in flat.items() if name.startswith(prefix)}
    single = {name: _one(own, (name,)) if isinstance(value, list) else value for name, value in own.items()}
    kind = str(_one(own, ("event_type",)))
    fields = {name: value if single[name] is None else single[name] for name, value in own.items()}
    if kind == "dns" and isinstance(own.get("dns.answers"), list):
        fields["dns.answers"] = own["dns.answers"]
    for name, others in (EVE_ENDS | EVE_NAMES.get(kind, {})).items():
        if name == "timestamp" or _one(fields, (name,)) is None:
            value = _one(own, (name,)) if name in own else None
            value = _one(flat, others) if value is None else value
            if value is not None:
                fields[name] = value
    for name in ("timestamp", "flow.start", "flow.end"):
        if name in fields:
            fields[name] = zoned(fields[name])
    if kind == "flow":
        for name in EVE_NAMES["flow"]:
            if name.startswith(("flow.pkts", "flow.bytes")):
                fields.setdefault(name, 0)
    if kind == "dns":
        _dns(fields)
    if isinstance(fields.get("http.http_method"), str):
        fields["http.http_method"] = fields["http.http_method"].upper()
    if str(fields.get("tls.version", "")).startswith("1."):
        fields["tls.version"] = f"TLS {fields['tls.version']}"
    for name in ("tls.notbefore", "tls.notafter"):
        if isinstance(fields.get(name), str):
            fields[name] = fields[name].partition(".")[0].removesuffix("Z")
    return Line("eve", _nested(fields))


def _dns(fields: dict[str, Any]) -> None:
    answers = fields.get("dns.answers")
    if isinstance(answers, list) and answers and isinstance(answers[0], dict):
        fields["dns.answers"] = [
            {**one, "rrtype": one.get("rrtype", one.get("type")), "rdata": one.get("rdata", one.get("data"))}
            for one in answers
            if isinstance(one, dict)
        ]


def _nested(fields: Doc) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in fields.items():
        *outer, last = name.split(".")
        at: Any = nested
        for part in outer:
            at = at.setdefault(part, {})
            if not isinstance(at, dict):
                break
        if isinstance(at, dict):
            at.setdefault(last, value)
    return nested


def _log_of(flat: Doc) -> str:
    """Which of Zeek's logs it is, as it is said or as its fields tell; empty where nothing does."""
    for name in ("_path", "@stream", "event.dataset", "data_stream.dataset", "fileset.name", "event_log"):
        log_name = _one(flat, (name,))
        if isinstance(log_name, str) and log_name:
            last = log_named(log_name.lower().removesuffix(".log").rpartition(".")[2])
            log = LOGS.get(last, last)
            if log in FIELDS:
                return log
            if name in ("_path", "@stream") or log_name.startswith(("zeek.", "corelight.", "suricata.")):
                return last
    inside = {name.split(".")[1] for name in flat if name.startswith("zeek.") and name.count(".") >= 2}
    for log in (*FIELDS, *LOGS):
        if log in inside:
            return LOGS.get(log, log)
    if "ts" not in flat:
        return ""
    return next((log for log, telling in TELLING.items() if all(_plain(flat, name) for name in telling)), "")


def _plain(flat: Doc, name: str) -> bool:
    return name in flat or name.replace(".", "_") in flat


def _zeek(flat: Doc, log: str) -> dict[str, Any]:
    zeek: dict[str, Any] = {}
    names = ZEEK_ENDS | ZEEK_NAMES.get(log, {})
    homes = [log, *(other for other, said in LOGS.items() if said == log)]
    for field in FIELDS[log]:
        plain = field.removesuffix("[]")
        own = (plain, plain.replace(".", "_"), *(f"zeek.{home}.{plain}" for home in homes))
        others = (*names.get(field, ()), *(f"{home}.{plain}" for home in homes))
        spelled = (*own, *others)
        value = _many(flat, spelled) if field.endswith("[]") else _one(flat, spelled)
        if isinstance(value, list) and not field.endswith("[]"):
            value = next((one for one in value if not isinstance(one, (dict, list))), None)
        if value is None or isinstance(value, dict):
            continue
        zeek[plain] = _span(value) if plain in _SPANS and plain not in flat else value
    if isinstance(zeek.get("method"), str):
        zeek["method"] = zeek["method"].upper()
    zeek["ts"] = zoned(zeek["ts"]) if "ts" in zeek else None
    return zeek


def _many(flat: Doc, names: Names) -> list[Any] | None:
    """All values of a field that may have several; of objects, what they answer."""
    for name in names:
        value = flat.get(name)
        if value is None or value == []:
            continue
        listed = value if isinstance(value, list) else [value]
        texts = [one.get("data", one.get("rdata")) if isinstance(one, dict) else one for one in listed]
        kept = [text for text in texts if text is not None and not isinstance(text, (dict, list))]
        if kept:
            return kept
    return None


def _span(value: Any) -> Any:
    """Seconds: ECS counts whole nanoseconds, others write seconds with a fraction."""
    return value / 1_000_000_000 if isinstance(value, int) and not isinstance(value, bool) else value
