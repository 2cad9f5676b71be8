"""The sentences that go with the terms of a score, in Danish and English. Refuses to calculate."""

from collections.abc import Collection, Mapping, Sequence
from math import exp

from bavn.centre.correlate.congruent import Congruent
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.dependence import Dependence
from bavn.centre.correlate.sharing import Fit, ln_benign, ln_malicious
from bavn.model.counted import actors as counted_actors
from bavn.model.counted import days as counted_days
from bavn.model.moment import iso_hour
from bavn.model.observable import Observable
from bavn.model.sector.lead import Sign
from bavn.model.text import Text

HOSTS = ("1", "2-3", "4-10", ">10")
ACTORS_NAMED_MAX = 6


def number(value: float, digits: int = 1) -> Text:
    """A number with a point in English and a comma in Danish."""
    return Text.number(value, f".{digits}f")


def evidence(heads: Sequence[Sign], nats: Sequence[float], dependence: Dependence, level: float = 0.0) -> Text:
    """Who saw how much, the strongest first, and for how many independent reports they count."""
    seen = _evidence(heads, nats, dependence)
    if not level:
        return seen
    return Text("{found} Everything that is told of begins at {level}.", found=seen, level=number(level))


def _evidence(heads: Sequence[Sign], nats: Sequence[float], dependence: Dependence) -> Text:
    ordered = sorted(zip(nats, heads, strict=True), key=lambda pair: (-pair[0], pair[1].actor))
    shown = [(head.actor, number(worth)) for worth, head in ordered[:ACTORS_NAMED_MAX]]
    more = len(ordered) - len(shown)
    each = Text.shaped(
        "{each}{more}",
        each=Text.joined(", ", [Text.shaped("{actor} {worth}", actor=actor, worth=worth) for actor, worth in shown]),
        more=Text(" and {more} more", more=more) if more else "",
    )
    if len(ordered) == 1:
        return Text("Local evidence at each: {each}.", each=each)
    count, r = number(dependence.effective(len(ordered))), number(dependence.r, 2)
    return Text(
        "Local evidence at each: {each}. Actors find the same things odd (correlation {r}, {basis}), so {reports}"
        " reports count as {count}.",
        each=each,
        r=r,
        basis=_measured(dependence.elements),
        reports=len(ordered),
        count=count,
    )


def _measured(elements: int) -> Text:
    return (
        Text.counted("measured on {count:,} element", "measured on {count:,} elements", elements)
        if elements
        else Text("start value")
    )


def later(actors: Collection[str]) -> Text:
    """Who met it after it was released: shown, and worth nothing."""
    named = ", ".join(sorted(actors)[:ACTORS_NAMED_MAX])
    more = len(actors) - ACTORS_NAMED_MAX
    return Text(
        "Met after its release by {named}{more}: that shows that the release works, and is no evidence for it.",
        named=named,
        more=Text(" and {more} more", more=more) if more > 0 else "",
    )


def sharing(groups: int, actors: int, law: Fit, context: Context) -> Text:
    """How many share it, and how likely that is by chance and in a campaign."""
    benign = number(100 * exp(ln_benign(groups, law.a)), 2)
    campaign = number(100 * exp(ln_malicious(groups, context.malicious_mean)), 2)
    fitted = (
        Text.counted("fitted on {count:,} revealed element", "fitted on {count:,} revealed elements", law.elements)
        if law.elements
        else None
    )
    several = (
        Text(" ({actors}; those of one group count once)", actors=counted_actors(actors)) if actors != groups else ""
    )
    return Text(
        "Shared by {who}{several}: so many share {benign} % of harmless elements and {campaign} % of campaigns (a ="
        " {a}, {basis}).",
        who=_independent(groups),
        several=several,
        benign=benign,
        campaign=campaign,
        a=number(law.a, 2),
        basis=fitted or Text("start value"),
    )


def hosts(heads: Sequence[Sign]) -> Text:
    """How many hosts at each actor."""
    shown = ", ".join(f"{head.actor} {HOSTS[head.hosts_bucket]}" for head in heads[:ACTORS_NAMED_MAX])
    dots = ", ..." if len(heads) > ACTORS_NAMED_MAX else ""
    return Text(
        "Hosts behind it at each: {shown}{dots}; intrusions are narrow, rollouts are wide.", shown=shown, dots=dots
    )


def congruence(pairs: int, printed: int, prints: Mapping[str, Observable], known: Congruent) -> Text:
    """How many pairs of actors see the same period, or the same rare fingerprint."""
    if printed > pairs:
        named = ", ".join(str(one) for one in sorted(set(prints.values()))[:2])
        return Text(
            "{pairs} of actors see the same rare fingerprint or certificate with it: {named}.",
            pairs=_pairs(printed),
            named=named,
        )
    if not pairs:
        return Text("No two call it at the same period, and none share a rare fingerprint with it.")
    share = number(100 * known.q, 0)
    return Text(
        "{pairs} of actors call it regularly at the same period; of what is revealed {share} % of pairs do ({basis}).",
        pairs=_pairs(pairs),
        share=share,
        basis=_measured(known.elements),
    )


def _pairs(count: int) -> Text:
    return Text.counted("{count:,} pair", "{count:,} pairs", count)


def _independent(groups: int) -> Text:
    return Text.counted("{count:,} independent actor", "{count:,} independent actors", groups)


def walk(groups: int, tries: int, *, sure: bool) -> Text:
    """Tries from outside that failed, over all actors."""
    return Text(
        "Tries doors at {who}: {tries} than went well, counting at most three at each; {judged}.",
        who=_independent(groups),
        tries=Text.counted("{count:,} try more failed", "{count:,} tries more failed", tries),
        judged=Text("too many for chance") if sure else Text("still within chance"),
    )


def graph(names: Sequence[Observable]) -> Text:
    """Which linked elements others report."""
    shown = ", ".join(str(name) for name in names[:3]) + (", ..." if len(names) > 3 else "")
    return Text("Linked to what other actors suspect: {shown}.", shown=shown)


def crowd(others: int) -> Text:
    """How many others are told of in the same way."""
    return Text.counted(
        "{count:,} other element is told of in just the same way, as a product's are.",
        "{count:,} other elements are told of in just the same way, as a product's are.",
        others,
    )


def not_counted(why: Text) -> Text:
    """What a term saw that does not count."""
    return Text("{why} It adds nothing: on real captures it found no campaign more.", why=why)


def novelty(seen_hour: int | None, days: int, share: Fit, *, new: bool) -> Text:
    """Since when two actors know it, and how much of the harmless is as new."""
    measured = Text(
        "Of what is told alike {share} % is new ({basis}).",
        share=number(100 * share.a, 0),
        basis=_measured(share.elements),
    )
    return Text.shaped("{when} {measured}", when=_since(seen_hour, days, new=new), measured=measured)


def _since(seen_hour: int | None, days: int, *, new: bool) -> Text:
    if seen_hour is None:
        return Text("New in the sector as far as is known: only one group has seen it.")
    at = iso_hour(seen_hour)
    if new:
        return Text(
            "New in the sector: two had first seen it {at}, at most {days} ago.", at=at, days=counted_days(days)
        )
    return Text(
        "Not new in the sector: two had seen it already {at}, more than {days} ago.", at=at, days=counted_days(days)
    )


def lists(names: Sequence[str], nats: float) -> Text:
    """What says that it is harmless."""
    if not names:
        return Text("This element itself is on no popularity or warning list, and was never found harmless.")
    shown = ", ".join(names)
    worth = number(nats)
    return Text("Signs that it is harmless ({worth} nats): {shown}. It cannot be blocked.", worth=worth, shown=shown)


def cap(nats: float, limit: float) -> Text:
    """What the poisoning cap took off."""
    off, most = number(-nats), number(limit)
    return Text(
        "Taken off: {off} nats, so that no single actor's reports lift the score by more than {most}.",
        off=off,
        most=most,
    )


def hangs_on(actor: str) -> Text:
    """Of a lead: the actor without whom least is left of it."""
    return Text("it hangs on what {actor} reports", actor=actor)


def hangs_on_few(actors: int) -> Text:
    """Of a lead that is none without so many of its actors."""
    if actors == 1:
        return Text("without one of its actors it is no lead")
    return Text("without {actors} of its actors it is no lead", actors=actors)


def rank_cap(by_priority: int, rank: int, hangs: Text, places: int) -> Text:
    """Why a lead stands elsewhere than its priority says. ``hangs``: on whom it hangs."""
    rule = Text(
        "the first {places} places are for leads that can do without any two of their actors, by what is left without"
        " one, so that nobody fills them alone",
        places=places,
    )
    if rank < by_priority:
        return Text("Place {rank}, by priority {place}: {rule}.", rank=rank, place=by_priority, rule=rule)
    return Text(
        "Place {rank}, by priority {place}: {hangs}, and {rule}.", rank=rank, place=by_priority, hangs=hangs, rule=rule
    )


def without(actor: str, score: float, rank: int | None) -> Text:
    """The counterfactual: what would be left if one actor had reported nothing."""
    left = number(score)
    if rank is None:
        return Text("Without {actor}: no lead, too few would hold it.", actor=actor)
    return Text("Without {actor}: score {left}, rank {rank}.", actor=actor, left=left, rank=rank)
