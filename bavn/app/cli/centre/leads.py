"""`bavn centre leads`, `calibration` and `laws`: how leads rank, how the score has fared, and what it weighs by; what
people do with a lead."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.acts.centre import leads as acts
from bavn.app.acts.centre.refusals import KINDS
from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, Config, Spoken, Why, named, opened, show
from bavn.app.cli.centre.person import of_act
from bavn.app.cli.language import language_of_rows, tell
from bavn.app.cli.spread import spread, typed
from bavn.app.cli.words import number, point
from bavn.centre.correlate.review.phrases import PARTS
from bavn.model.counted import cases
from bavn.model.moment import iso, iso_hour
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.centre.books.leads import Laws, LeadView
    from bavn.centre.cases.case.calibration import Calibration
    from bavn.centre.correlate.laws.learned import Learned
    from bavn.centre.correlate.review.review import Review

LeadId = Annotated[str, typer.Argument(help="lead-..., as `bavn centre leads --json` names it")]
_WORDS = {
    "at": Text.in_context("at an actor", "at"),
    "score": Text("score"),
    "priority": Text("priority"),
}
_NO_LEADS = Text("no leads yet: a lead needs at least as many actors as its tier's threshold (bavn centre rounds)")
_NO_VERDICTS = Text("no case has been confirmed or dismissed by a person yet: nothing is known of how the score fares")
_SCORED = Text("How it is scored, in nats")
_LIKE = Text("Judged cases with such a score: {confirmed} of {judged} were confirmed.")


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
        fared, reviews = desk.calibration(), desk.reviews(views)
        rows = [
            _lead(view, review, language)
            | {"opening": review.opening.say(language)}
            | {"review": _review(review, language), "judged_like_it": _like_it(fared, view.lead.score)}
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
        if row["judged_like_it"]["judged"]:
            print(f"       {_LIKE.filled(**row['judged_like_it']).say(language)}")


def open_case(lead: LeadId, config: Config = CENTRE_TOML, *, by: Annotated[str, of_act(acts.open_case)] = "") -> None:
    """Make a case of a lead that is below the line; prints the lead's case if it has one."""
    with opened(config) as desk:
        print(acts.open_case(desk, by, lead, acts.Opening(take=False)).id)


def benign(
    lead: LeadId, config: Config = CENTRE_TOML, *, why: Why, by: Annotated[str, of_act(acts.benign)] = ""
) -> None:
    """Find a lead harmless: its case is dismissed, and its elements weigh less for all actors until it is reopened."""
    with opened(config) as desk:
        print(acts.benign(desk, by, lead, typed(acts.Harmless, why=why)).id)


@spread
def ignore(
    lead: LeadId, config: Config = CENTRE_TOML, *, body: acts.Ignoring, by: Annotated[str, of_act(acts.ignore)] = ""
) -> None:
    """Put a lead aside for some days; it is back then, or once an actor more reports it. It weighs as before."""
    with opened(config) as desk:
        acts.ignore(desk, by, lead, body)


def heed(lead: LeadId, config: Config = CENTRE_TOML, *, by: Annotated[str, of_act(acts.heed)] = "") -> None:
    """Take a lead back into the queue at once."""
    with opened(config) as desk:
        acts.heed(desk, by, lead)


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


def _like_it(fared: "Calibration", score: float) -> dict[str, Any]:
    found = fared.bin_of(score)
    return named(found, "judged", "confirmed", "least", "most")


def calibration(config: Config = CENTRE_TOML, *, as_json: AsJson = False) -> None:
    """What the score predicted of cases, against what people confirmed or dismissed. Small numbers say little: look at
    the interval."""
    with opened(config) as desk:
        stats = desk.calibration()
    rows = [
        {
            "score": _span(b.low, b.high).say(language_of_rows(as_json=as_json)),
            "judged": b.judged,
            "confirmed": b.confirmed,
            "share": None if b.share is None else round(b.share, 3),
            "interval": [round(b.least, 3), round(b.most, 3)] if b.judged else None,
            "predicted": None if b.predicted is None else round(b.predicted, 3),
            "predictions": b.predictions,
        }
        for b in stats.bins
    ]
    if as_json:
        whole = named(stats, "judged", "confirmed", "predictions", "unscored")
        print(json.dumps(whole | {"brier": stats.brier, "brier_plain": stats.brier_plain, "bins": rows}))
        return
    if not stats.judged:
        tell(_NO_VERDICTS)
        return
    show(rows, as_json=False)
    for line in _fared(stats):
        tell(line)


def _fared(stats: "Calibration") -> Iterator[Text]:
    """What stands below the table: how many were judged, and whether the score says more than their share does."""
    yield Text(
        "{cases} judged by people, {confirmed} confirmed; leads that nobody judged are not in it",
        cases=cases(stats.judged),
        confirmed=stats.confirmed,
    )
    if stats.unscored:
        yield Text.counted(
            "{count:,} older verdict is left out: the score it was given at was not kept",
            "{count:,} older verdicts are left out: the score they were given at was not kept",
            stats.unscored,
        )
    if stats.brier is None or stats.brier_plain is None:
        yield Text("too few verdicts to have predicted any case from those before it")
    else:
        yield Text(
            "{count} were predicted from the verdicts before them: mean squared error {error:.3f}, {plain:.3f}"
            " without looking at the score",
            count=stats.predictions,
            error=stats.brier,
            plain=stats.brier_plain,
        )


def laws(config: Config = CENTRE_TOML, *, as_json: AsJson = False) -> None:
    """What the score weighs by: how harmless things are shared and how often they are new, how far reports repeat each
    other, how many actors a campaign reaches, what a report is worth by detector and p; on how much each rests, and
    when it was last fitted."""
    from bavn.centre.correlate.laws import fitted as shipped
    from bavn.centre.correlate.laws.learned import NOTHING, applied

    with opened(config) as desk:
        laws_known, campaign = desk.lead_book.laws(), desk.malicious_mean()
        version = desk.learning.in_force()
    learned = NOTHING if version is None else version.learned
    weighed = applied(shipped.shipped(), learned).evidence
    fitted = iso(laws_known.fitted_us) if laws_known.fitted_us else None
    language = language_of_rows(as_json=as_json)
    every = (*_fitted_here(laws_known, campaign, learned, fitted), *_shipped(shipped.known(), weighed))
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
        if version is not None:
            tell(
                Text(
                    "moved by what {judged} verdicts taught, {confirmed} of them confirmed ({version})",
                    judged=learned.judged,
                    confirmed=learned.confirmed,
                    version=version.id,
                )
            )


_Law = tuple[Text | str, float, int, str | None]
"""What it is, its value, on how many observations it rests, and when it was fitted."""


def _fitted_here(
    laws_known: "Laws", campaign: tuple[float, int], learned: "Learned", fitted: str | None
) -> Iterator[_Law]:
    """What this sector's own days say, and what it begins with. ``campaign``: how many actors one reaches, and the
    confirmed cases that this is of."""
    from bavn.centre.correlate.laws.novelty import ALL, Novelty
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
    yield Text("new among campaigns"), round(learned.new_share, 3), learned.confirmed, None
    yield Text("new among what is revealed"), round(every.a, 4), every.elements, fitted
    for name, fit in sorted(laws_known.novelty.shares.items()):
        if name != ALL:
            yield Text("new among what {detector} tells of", detector=name), round(fit.a, 4), fit.elements, fitted


def _shipped(known: Mapping[str, Any], weighed: Mapping[str, Sequence[float]]) -> Iterator[_Law]:
    """What a report is worth, as Bavn was delivered with it and as verdicts have moved it since (``weighed``)."""
    for name, row in sorted(known["evidence"].items()):
        for bucket, families in enumerate(row["families"]):
            if families:
                yield _evidence_of(name, bucket), round(weighed[name][bucket], 3), families, known["origin"]["made"]


def _evidence_of(detector: str, bucket: int) -> Text:
    p = f"{2.0**-bucket:.2g}"
    if not detector:
        return Text("evidence at p <= {p}", p=p)
    return Text("evidence of {detector} at p <= {p}", detector=detector, p=p)


def _span(low: float | None, high: float | None) -> Text:
    if low is None:
        return Text("below {high:g}", high=high or 0.0)
    return Text("{low:g} and more", low=low) if high is None else Text("{low:g} to {high:g}", low=low, high=high)
