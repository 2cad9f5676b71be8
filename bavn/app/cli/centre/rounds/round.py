"""`bavn centre rounds`: the latest ones, or what happens in one and why each element in it was revealed or not.

Refuses to know more than the desk: which holders gave which reason nobody at the centre can say.
"""

import json
from typing import Annotated, Any

import typer

from bavn.app.acts.centre import rounds as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, named, opened
from bavn.app.cli.shown import AsJson, show
from bavn.centre.desk.round_outcome import REFUSED, outcome_of, state_of, why
from bavn.centre.desk.views import CellStory, RoundSummary
from bavn.model.moment import iso
from bavn.model.text import Language, Text
from bavn.psi.commons_terms import TIER as COMMONS

HEAD = Text("Round")
TIER = Text("tier")
OPENED = Text("opened")
UNTIL = Text("uploads until")
TOOK_PART = Text("Uploaded")
MISSING = Text("No upload from")
TURNED = Text("Turned away")
KEYS = Text(
    "Other keys at {}: it cannot meet the others. The key holders gave it another key, or it was told other members."
)
NONE = Text("No element is held by enough actors.")
UNKNOWN = Text("(not named)")
CELLS = Text("cells")


def rounds(
    round_id: Annotated[str, typer.Argument(help="Only this one, cell by cell; or `latest`.")] = "",
    config: Config = CENTRE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
    limit: int = 20,
) -> None:
    """The latest rounds: who took part, what was learned. Of one also who is missing or was turned away, and why each
    element in it was revealed or not. --json: the round, then one object a cell."""
    with opened(config) as desk:
        if not round_id:
            show([_listed(summary) for summary in desk.rounds(limit)], as_json=as_json)
            return
        if round_id == "latest":
            round_id = next((summary.round.id for summary in desk.rounds(1)), round_id)
        summary, cells = acts.whole(desk, round_id)
    if as_json:
        for row in _rows(summary, cells, language):
            print(json.dumps(row, ensure_ascii=False))
    else:
        _tell(summary, cells, language)


def _listed(summary: RoundSummary) -> dict[str, Any]:
    round_ = summary.round
    return {
        "round": round_.id,
        "tier": round_.params.tier,
        "t": round_.params.t,
        "opened": iso(round_.opened_us),
        "phase": round_.phase.value,
        "uploaded": list(summary.uploaded),
        "turned_away": [list(entry) for entry in summary.turned_away],
        "quarantined": summary.quarantined,
        "elements_max": round_.params.m,
        "upload_bytes": round_.params.upload_bytes,
        "ended": None if round_.ended_us is None else iso(round_.ended_us),
        "cpu_s": round_.cpu_ms / 1000,
    }


def _rows(summary: RoundSummary, cells: tuple[CellStory, ...], language: Language) -> list[dict[str, Any]]:
    round_, params = summary.round, summary.round.params
    head = {
        "round": round_.id,
        **named(params, "tier", "t", "m", "r", "forms", "registry_version"),
        "phase": round_.phase.value,
        "opened": iso(round_.opened_us),
        "uploads_until": iso(round_.deadline_us),
        "says": state_of(round_).say(language),
        "uploaded": list(summary.uploaded),
        "missing": list(summary.missing),
        "turned_away": [list(entry) for entry in summary.turned_away],
        "key_groups": [[round_.actor_of(x) for x in group] for group in round_.key_groups],
    }
    return [
        head,
        *(
            {
                **named(c, "table", "bin", "holders", "asked"),
                "named": {actor: str(observable) for actor, observable in c.named},
                "declined": list(c.declined),
                "outcome": outcome_of(c, round_),
                "why": why(c, round_).say(language),
            }
            for c in cells
        ),
    ]


def _tell(summary: RoundSummary, cells: tuple[CellStory, ...], language: Language) -> None:
    round_, params = summary.round, summary.round.params
    print(
        f"{HEAD.say(language)} {round_.id}: {TIER.say(language)} {params.tier}, t={params.t} M={params.m} R={params.r}"
    )
    print(f"{OPENED.say(language)} {iso(round_.opened_us)[:19]}, {UNTIL.say(language)} {iso(round_.deadline_us)[:19]}")
    print(state_of(round_).say(language))
    print(f"{TOOK_PART.say(language)}: {', '.join(summary.uploaded) or '-'}")
    if summary.missing:
        print(f"{MISSING.say(language)}: {', '.join(summary.missing)}")
    for actor, rule, times in summary.turned_away:
        words = REFUSED[rule].say(language) if rule in REFUSED else rule
        print(f"{TURNED.say(language)}: {actor}: {words} ({rule}, {times})")
    for group in round_.key_groups[1:]:
        print(KEYS.say(language).format(", ".join(round_.actor_of(x) for x in group)))
    if not cells and round_.phase.value in ("reveal", "closed") and params.tier != COMMONS:
        print(NONE.say(language))
    counted: dict[tuple[str, str, str], int] = {}
    for cell in cells:
        if outcome_of(cell, round_) == "explained":
            line = ("", ", ".join(cell.holders), why(cell, round_).say(language))
        else:
            names = " / ".join(sorted({str(observable) for _, observable in cell.named}))
            line = (names or UNKNOWN.say(language), ", ".join(cell.holders), why(cell, round_).say(language))
        counted[line] = counted.get(line, 0) + 1
    for (name, holders, words), count in sorted(counted.items(), key=lambda item: (not item[0][0], item[0])):
        print(f"  {name or '-':<40} {holders}\n      {words} ({count} {CELLS.say(language)})")
