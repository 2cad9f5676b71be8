"""`bavn centre case`: a case and its history, and the steps of its life. The console has the rest of the work on one.

Refuses to send anything: the running centre does, at its next step.
"""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.acts.centre import cases as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, at_work
from bavn.app.cli.person import AsLocalRoot, instead, needs, of_act
from bavn.app.cli.shown import AsJson, show
from bavn.model.moment import iso
from bavn.model.principal import two_people
from bavn.model.sector.case import CaseAct
from bavn.model.sector.tally import technique_words
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.centre.desk.desk import Desk

Seen = Annotated[
    int | None,
    typer.Option(
        "--seen",
        help="How many changes the case had (its standing) when you decided: after another's act nothing is done.",
    ),
]


def case(
    case_id: Annotated[str, typer.Argument(help="case-...")],
    act: Annotated[CaseAct | None, typer.Argument(help="What to do; without it the case is shown.")] = None,
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.step)] = "",
    why: Annotated[str, typer.Option(help="The reason; needed for all but `take`.")] = "",
    as_local_root: AsLocalRoot = "",
    seen: Seen = None,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Show a case and its history, or do a step of its life-cycle."""
    if act is CaseAct.RELEASE:
        needs(by, acts.release.right)
        by = instead(by, as_local_root)
    with at_work(config) as desk:
        if act is CaseAct.RELEASE:
            case = acts.release(desk.cases, by, case_id, why, seen)
        else:
            case = desk.cases.case(case_id) if act is None else acts.step(desk.cases, by, case_id, act, why, seen)
        history, marked = desk.cases.audit_lines(case_id), _marking_row(desk, case_id, language)
        there = sorted(desk.work.involved.actors(case_id))
        alone = act is CaseAct.RELEASE and not two_people(desk.cases.behind(case_id))
    row = {
        "case": case.id,
        "lead": case.lead_id,
        "state": case.state.value,
        "score": round(case.score, 3),
        "owner": case.owner,
        "observables": [str(e.observable) for e in case.facts.elements],
    }
    row |= {name: marked[name] for name in ("standing", "tlp", "pap", "rsit", "techniques", "merged_into")}
    row["actors"] = there
    if as_json:
        print(json.dumps(row, ensure_ascii=False))
        return
    row["techniques"] = [technique_words(one).say(language) for one in marked["techniques"]]
    show([row], as_json=False)
    for line in history:
        print(f"{iso(line.at_us)[:19]}  {line.who:<16} {line.act:<12} {line.detail}")
    if alone:
        sentence = Text(
            "One person stands behind it: what may block waits until another account says, by its token or key,"
        )
        print(sentence.say(language))
        print(f"    bavn centre indicator release {case_id} --why REASON")


def _marking_row(desk: "Desk", case_id: str, language: Language) -> dict[str, Any]:
    """How a case is marked, for people."""
    from bavn.model.intel import rsit

    marking = desk.files.marking(case_id)
    return {
        "case": case_id,
        "standing": desk.standing(case_id),
        "tlp": marking.tlp.value,
        "pap": f"PAP:{marking.pap.name}",
        "rsit": f"{marking.rsit} ({rsit.words(marking.rsit).say(language)})" if marking.rsit else "",
        "techniques": list(marking.techniques),
        "merged_into": desk.files.merged_into(case_id),
    }
