"""Model values as canonical JSON text and back, for the columns that hold them whole.

Written only by this program and read only by it: what does not read is a broken invariant, not a refusal.
"""

import json
from dataclasses import asdict
from typing import Any

from bavn.centre.correlate.round_state import Phase, Round
from bavn.model.observable import Observable, ObservableType
from bavn.model.sector.lead import Lead, Reason, Sign, Term
from bavn.model.statement import Closing, Opening, RevealOf, RevealWanted, Statement, TagsWanted
from bavn.model.text import Text
from bavn.psi.round import Cell, Hit, RoundParams

_SAID: dict[str, type[Statement]] = {kind.__name__: kind for kind in (Opening, TagsWanted, RevealWanted, Closing)}


def dumps(value: Any) -> str:
    """Sorted keys, no spaces; bytes as hex, a sentence as it is kept."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)


def _plain(value: object) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Text):
        return value.kept()
    raise TypeError(f"{type(value).__name__} has no written form")


def write_round(round_: Round) -> str:
    """A round."""
    return dumps(asdict(round_))


def read_round(text: str) -> Round:
    """What write_round wrote."""
    body = json.loads(text)
    params = body.pop("params")
    return Round(
        **body
        | {
            "params": RoundParams(**params | {"round_id": bytes.fromhex(params["round_id"])}),
            "members": tuple((actor, x) for actor, x in body["members"]),
            "phase": Phase(body["phase"]),
            "silent": tuple(body["silent"]),
            "key_groups": tuple(tuple(group) for group in body.get("key_groups", ())),
        }
    )


def write_hits(hits: tuple[Hit, ...]) -> str:
    """The hits of a round: [table, bin, x, x, ...] each."""
    return dumps([[hit.cell.table, hit.cell.bin, *hit.holders] for hit in hits])


def read_hits(text: str) -> tuple[Hit, ...]:
    """What write_hits wrote."""
    return tuple(Hit(Cell(table, bin_), tuple(holders)) for table, bin_, *holders in json.loads(text))


def write_sign(sign: Sign) -> str:
    """A report as the inbox understood it."""
    return dumps(asdict(sign))


def read_sign(text: str) -> Sign:
    """What write_sign wrote."""
    return sign_of(json.loads(text))


def sign_of(body: dict[str, Any]) -> Sign:
    """A sign from the JSON of its fields; one that was kept before walks came in half nats has whole ones."""
    if "walk_bucket" in body:
        whole = body.pop("walk_bucket")
        body["walk_half_nats"] = None if whole is None else 2 * whole
    return Sign(**body | {"observable": observable_of(body["observable"])})


def observable_of(body: dict[str, str]) -> Observable:
    """An observable from the JSON of its fields."""
    return Observable.trusted(ObservableType(body["type"]), body["value"])


def write_statement(said: Statement) -> str:
    """A message that waits to leave."""
    return dumps({"kind": type(said).__name__, "body": asdict(said)})


def read_statement(text: str) -> Statement:
    """What write_said wrote."""
    statement = json.loads(text)
    body = statement["body"]
    if statement["kind"] == "Opening":
        body["members"] = tuple((actor, x) for actor, x in body["members"])
    elif statement["kind"] == "TagsWanted":
        body["cells"] = tuple((table, bin_) for table, bin_ in body["cells"])
    elif statement["kind"] == "RevealWanted":
        body["items"] = tuple(
            RevealOf(item["table"], item["bin"], tuple(bytes.fromhex(tag) for tag in item["others"]))
            for item in body["items"]
        )
    return _SAID[statement["kind"]](**body)


def lead_of(body: dict[str, Any]) -> Lead:
    """A lead from the JSON of its fields."""
    return Lead(
        **body
        | {
            "observables": tuple(observable_of(observable) for observable in body["observables"]),
            "actors": tuple(body["actors"]),
            "signs": tuple(sign_of(sign) for sign in body["signs"]),
            "terms": tuple(Term(term["name"], term["nats"], Text.of(term["why"])) for term in body["terms"]),
            "without": tuple((actor, score) for actor, score in body["without"]),
            "reasons": tuple(Reason(r["name"], r["points"], Text.of(r["why"])) for r in body.get("reasons", ())),
        }
    )
