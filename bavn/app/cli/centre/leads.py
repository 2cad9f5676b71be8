"""`bavn centre leads` and `laws`: how leads rank, and what the score weighs by."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.acts.centre.refusals import KINDS
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, opened
from bavn.app.cli.language import language_of_rows, tell
from bavn.app.cli.shown import AsJson, show
from bavn.app.cli.words import number, point
from bavn.centre.correlate.review.phrases import PARTS
from bavn.model.moment import iso, iso_hour
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.centre.books.leads import Laws, LeadView
    from bavn.centre.correlate.review.review import Review

_WORDS = {
    "at": Text.in_context("at an actor", "at"),
    "score": Text("score"),
    "priority": Text("priority"),
}
_NO_LEADS = Text("no leads yet: a lead needs at least as many actors as its tier's threshold (bavn centre rounds)")
_SCORED = Text("How it is scored, in nats")


def leads(
    lead: Annotated[str | None, typer.Argument(help="Only this one: lead-..., also if it is no more.")] = None,
    config: Config = CENTRE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
    limit: int = 20,
    score: Annotated[
        bool, typer.Option("--score", help="Also how each is scored: every term in nats, every reason of its priority.")
    ] = False,
) -> None:
    """The ranked leads in words: a sentence on what it is, what speaks for it and against it, what to do, and what is
    behind it. With
    --score also every term of their score, every reason of their priority, and how each would stand without each
    actor."""
    with opened(config, *KINDS) as desk:
        views = desk.lead_book.leads(limit) if lead is None else (desk.lead(lead),)
        reviews = desk.reviews(views)
        rows = [
            _lead(view, review, language)
            | {"opening": review.opening.say(language), "review": _review(review, language)}
            for view, review in zip(views, reviews, strict=True)
        ]
    if as_json:
        show(rows, as_json=True)
        return
    if not rows:
        print(_NO_LEADS.say(language))
    for row in rows:
        _print(row, {name: text.say(language) for name, text in _WORDS.items()}, language)
        _print_review(row["review"], language)
        if score:
            _print_score(row, language)


def _print(row: dict[str, Any], words: dict[str, str], language: Language) -> None:
    print(f"{row['rank']:>3}  {row['opening']}")
    print(
        f"     {words['priority']} {number(row['priority'], language, 2)}"
        f"  {words['score']} {number(row['score'], language, 2)}"
        f"  {', '.join(row['observables'])}  {words['at']} {', '.join(row['actors'])}  ({row['lead']})"
    )


def _print_review(review: dict[str, list[str]], language: Language) -> None:
    for part, heading in PARTS.items():
        if review[part]:
            print(f"     {heading.say(language)}:")
        for sentence in review[part]:
            print(f"       {sentence}")


def _print_score(row: dict[str, Any], language: Language) -> None:
    print(f"     {_SCORED.say(language)}:")
    for term in row["terms"]:
        print(f"       {point(f'{term["nats"]:+6.2f}', language)}  {term['why']}")
    for reason in row["reasons"]:
        print(f"     + {point(f'{reason["points"]:+6.2f}', language)}  {reason['why']}")
    for why in row["counterfactuals"]:
        print(f"               {why}")


def _review(review: "Review", language: Language) -> dict[str, list[str]]:
    return {part: [text.say(language) for text in getattr(review, part)] for part in PARTS}


def _lead(view: "LeadView", review: "Review", language: Language) -> dict[str, Any]:
    lead = view.lead
    return {
        "lead": lead.id,
        "rank": lead.rank,
        "priority": round(lead.priority, 3),
        "score": round(lead.score, 3),
        "observables": [str(o) for o in lead.observables],
        "actors": list(lead.actors),
        "terms": [{"name": t.name, "nats": round(t.nats, 3), "why": t.why.say(language)} for t in lead.terms],
        "reasons": [{"name": r.name, "points": round(r.points, 3), "why": r.why.say(language)} for r in lead.reasons],
        "without": {actor: round(score, 3) for actor, score in lead.without},
        "counterfactuals": [one.why.say(language) for one in view.without],
        "elements": [
            {"observable": str(e.observable), "score": round(e.score, 3), "groups": e.groups, "listed": e.listed}
            for e in view.elements
        ],
        "first": iso_hour(review.first_hour),
        "had": iso(view.first_us),
    }


def laws(config: Config = CENTRE_TOML, *, as_json: AsJson = False) -> None:
    """What the score weighs by: how harmless things are shared and how often they are new, how far reports repeat each
    other, how many actors a campaign reaches, what a report is worth by detector and p; on how much each rests, and
    when it was last fitted."""
    from bavn.centre.correlate.laws import fitted as shipped

    with opened(config) as desk:
        laws_known, campaign = desk.lead_book.laws(), desk.malicious_mean()
    fitted = iso(laws_known.fitted_us) if laws_known.fitted_us else None
    language = language_of_rows(as_json=as_json)
    every = (*_fitted_here(laws_known, campaign, fitted), *_shipped(shipped.known()))
    rows = [
        {"law": law if isinstance(law, str) else law.say(language), "value": a, "rests_on": on, "fitted": when}
        for law, a, on, when in every
    ]
    show(rows, as_json=as_json)
    if not as_json:
        tell(Text("fitted daily, last {when}", when=fitted) if fitted else Text("not fitted yet: start values hold"))
        origin = shipped.known()["origin"]
        tell(
            Text(
                "evidence: nats a report, fitted on {families} families of real captures ({command}); terms that count:"
                " {terms}",
                families=origin["families"],
                command=origin["command"],
                terms=", ".join(shipped.known()["terms"]),
            )
        )


_Law = tuple[Text | str, float, int, str | None]
"""What it is, its value, on how many observations it rests, and when it was fitted."""


def _fitted_here(laws_known: "Laws", campaign: tuple[float, int], fitted: str | None) -> Iterator[_Law]:
    """What this sector's own days say, and what it begins with. ``campaign``: how many actors one reaches, and the
    confirmed cases that this is of."""
    from bavn.centre.correlate.laws.novelty import ALL, NEW_CAMPAIGN, Novelty
    from bavn.centre.correlate.sharing import A_ALL, A_UNLISTED

    yield Text("a, unlisted, start value"), A_UNLISTED, 0, None
    yield Text("a, listed, start value"), A_ALL, 0, None
    for stratum, fit in sorted(laws_known.sharing.items()):
        yield f"a, {stratum}", round(fit.a, 4), fit.elements, fitted
    r, q, (mean, confirmed) = laws_known.dependence, laws_known.congruent, campaign
    yield Text("correlation of reports"), round(r.r, 4), r.elements, fitted
    yield Text("pairs of one period"), round(q.q, 4), q.elements, fitted
    yield Text("actors of a campaign"), round(mean, 3), confirmed, None
    every = Novelty(laws_known.novelty.shares).share(())
    yield Text("new among campaigns"), NEW_CAMPAIGN, 0, None
    yield Text("new among what is revealed"), round(every.a, 4), every.elements, fitted
    for name, fit in sorted(laws_known.novelty.shares.items()):
        if name != ALL:
            yield Text("new among what {detector} tells of", detector=name), round(fit.a, 4), fit.elements, fitted


def _shipped(known: Mapping[str, Any]) -> Iterator[_Law]:
    """What a report is worth, as Bavn was delivered with it."""
    for name, row in sorted(known["evidence"].items()):
        for bucket, families in enumerate(row["families"]):
            if families:
                yield _evidence_of(name, bucket), round(row["nats"][bucket], 3), families, known["origin"]["made"]


def _evidence_of(detector: str, bucket: int) -> Text:
    p = f"{2.0**-bucket:.2g}"
    if not detector:
        return Text("evidence at p <= {p}", p=p)
    return Text("evidence of {detector} at p <= {p}", detector=detector, p=p)
