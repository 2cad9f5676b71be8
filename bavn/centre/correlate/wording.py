"""The sentences that go with the terms of a score, in Danish and English. Refuses to calculate."""

from collections.abc import Collection, Mapping, Sequence
from math import exp

from bavn.centre.correlate.congruent import Congruent
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.dependence import Dependence
from bavn.centre.correlate.sharing import Fit, ln_benign, ln_malicious
from bavn.model.moment import iso_hour
from bavn.model.observable import Observable
from bavn.model.sector.lead import Sign
from bavn.model.text import Text

HOSTS = ("1", "2-3", "4-10", ">10")
ACTORS_NAMED_MAX = 6


def number(value: float, digits: int = 1) -> Text:
    """A number with a point in English and a comma in Danish."""
    text = f"{value:.{digits}f}"
    return Text(text, text.replace(".", ","))


def evidence(heads: Sequence[Sign], nats: Sequence[float], dependence: Dependence) -> Text:
    """Who saw how much, the strongest first, and for how many independent reports they count."""
    ordered = sorted(zip(nats, heads, strict=True), key=lambda pair: (-pair[0], pair[1].actor))
    shown = [(head.actor, number(worth)) for worth, head in ordered[:ACTORS_NAMED_MAX]]
    more = len(ordered) - len(shown)
    en = ", ".join(f"{actor} {worth.en}" for actor, worth in shown) + (f" and {more} more" if more else "")
    da = ", ".join(f"{actor} {worth.da}" for actor, worth in shown) + (f" og {more} mere" if more else "")
    if len(ordered) == 1:
        return Text(f"Local evidence at each: {en}.", f"Lokal evidens hos hver: {da}.")
    count, r = number(dependence.effective(len(ordered))), number(dependence.r, 2)
    basis_en = f"measured on {dependence.elements} elements" if dependence.elements else "start value"
    basis_da = f"målt på {dependence.elements} elementer" if dependence.elements else "startværdi"
    return Text(
        f"Local evidence at each: {en}. Actors find the same things odd (correlation {r.en}, {basis_en}), so"
        f" {len(ordered)} reports count as {count.en}.",
        f"Lokal evidens hos hver: {da}. Aktører finder de samme ting sære (korrelation {r.da}, {basis_da}), så"
        f" {len(ordered)} meldinger tæller som {count.da}.",
    )


def later(actors: Collection[str]) -> Text:
    """Who met it after it was released: shown, and worth nothing."""
    named = ", ".join(sorted(actors)[:ACTORS_NAMED_MAX])
    more = len(actors) - ACTORS_NAMED_MAX
    en, da = (f" and {more} more", f" og {more} mere") if more > 0 else ("", "")
    return Text(
        f"Met after its release by {named}{en}: that shows that the release works, and is no evidence for it.",
        f"Mødt efter frigivelsen af {named}{da}: det viser, at frigivelsen virker, og er intet belæg for den.",
    )


def sharing(groups: int, actors: int, law: Fit, context: Context) -> Text:
    """How many share it, and how likely that is by chance and in a campaign."""
    benign = number(100 * exp(ln_benign(groups, law.a)), 2)
    campaign = number(100 * exp(ln_malicious(groups, context.malicious_mean)), 2)
    basis_en = f"fitted on {law.elements} revealed elements" if law.elements else "start value"
    basis_da = f"tilpasset på {law.elements} afslørede elementer" if law.elements else "startværdi"
    several_en = "" if actors == groups else f" ({actors} actors; those of one group count once)"
    several_da = "" if actors == groups else f" ({actors} aktører; de fra samme gruppe tæller som én)"
    return Text(
        f"Shared by {groups} independent actor{'s' * (groups != 1)}{several_en}: so many share {benign.en} % of"
        f" harmless elements and {campaign.en} % of campaigns (a = {law.a:.2f}, {basis_en}).",
        f"Deles af {groups} {'uafhængige aktører' if groups != 1 else 'uafhængig aktør'}{several_da}: så mange deler"
        f" {benign.da} % af harmløse elementer og {campaign.da} % af kampagner (a = {number(law.a, 2).da},"
        f" {basis_da}).",
    )


def hosts(heads: Sequence[Sign]) -> Text:
    """How many hosts at each actor."""
    shown = ", ".join(f"{head.actor} {HOSTS[head.hosts_bucket]}" for head in heads[:ACTORS_NAMED_MAX])
    dots = ", ..." if len(heads) > ACTORS_NAMED_MAX else ""
    return Text(
        f"Hosts behind it at each: {shown}{dots}; intrusions are narrow, rollouts are wide.",
        f"Maskiner bag det hos hver: {shown}{dots}; indbrud er smalle, udrulninger er brede.",
    )


def congruence(pairs: int, printed: int, prints: Mapping[str, Observable], known: Congruent) -> Text:
    """How many pairs of actors see the same period, or the same rare fingerprint."""
    if printed > pairs:
        named = ", ".join(str(one) for one in sorted(set(prints.values()))[:2])
        return Text(
            f"{printed} pair{'s' * (printed != 1)} of actors see the same rare fingerprint or certificate with it:"
            f" {named}.",
            f"{printed} par aktører ser det samme sjældne fingeraftryk eller certifikat sammen med det: {named}.",
        )
    if not pairs:
        return Text(
            "No two call it at the same period, and none share a rare fingerprint with it.",
            "Ingen to kalder det med samme periode, og ingen deler et sjældent fingeraftryk med det.",
        )
    share = number(100 * known.q, 0)
    basis_en = f"measured on {known.elements} elements" if known.elements else "start value"
    basis_da = f"målt på {known.elements} elementer" if known.elements else "startværdi"
    return Text(
        f"{pairs} pair{'s' * (pairs != 1)} of actors call it regularly at the same period; of what is revealed"
        f" {share.en} % of pairs do ({basis_en}).",
        f"{pairs} par aktører kalder det regelmæssigt med samme periode; det gør {share.da} % af parrene i det, der"
        f" afsløres ({basis_da}).",
    )


def walk(groups: int, tries: int, *, sure: bool) -> Text:
    """Tries from outside that failed, over all actors."""
    en = "too many for chance" if sure else "still within chance"
    da = "for mange til at være tilfældigt" if sure else "det kan endnu være tilfældigt"
    return Text(
        f"Tries doors at {groups} independent actors: {tries} tries more failed than went well, counting at most three"
        f" at each; {en}.",
        f"Prøver døre hos {groups} uafhængige aktører: {tries} flere forsøg mislykkedes, end der lykkedes, højst tre"
        f" talt hos hver; {da}.",
    )


def graph(names: Sequence[Observable]) -> Text:
    """Which linked elements others report."""
    shown = ", ".join(str(name) for name in names[:3]) + (", ..." if len(names) > 3 else "")
    return Text(
        f"Linked to what other actors suspect: {shown}.", f"Hænger sammen med det, andre aktører mistænker: {shown}."
    )


def novelty(seen_hour: int | None, days: int, *, new: bool) -> Text:
    """Since when two actors know it."""
    if seen_hour is None:
        return Text(
            "New in the sector as far as is known: only one group has seen it.",
            "Ny i sektoren, så vidt vides: kun én gruppe har set det.",
        )
    at = iso_hour(seen_hour)
    if new:
        return Text(
            f"New in the sector: two had first seen it {at}, at most {days} days ago.",
            f"Ny i sektoren: to havde første gang set det {at}, for højst {days} dage siden.",
        )
    return Text(
        f"Not new in the sector: two had seen it already {at}, more than {days} days ago.",
        f"Ikke ny i sektoren: to havde set det allerede {at}, for mere end {days} dage siden.",
    )


def lists(names: Sequence[str], nats: float) -> Text:
    """What speaks for innocence."""
    if not names:
        return Text(
            "This element itself is on no popularity or warning list, and was never found harmless.",
            "Dette element selv er på ingen popularitets- eller advarselsliste og blev aldrig fundet harmløst.",
        )
    shown = ", ".join(names)
    worth = number(nats)
    return Text(
        f"Speaks for innocence ({worth.en} nats): {shown}. It cannot become a block.",
        f"Taler for uskyld ({worth.da} nats): {shown}. Det kan ikke blive en spærring.",
    )


def cap(nats: float, limit: float) -> Text:
    """What the poisoning cap took off."""
    off, most = number(-nats), number(limit)
    return Text(
        f"Taken off: {off.en} nats, so that no single actor's reports lift the score by more than {most.en}.",
        f"Trukket fra: {off.da} nats, så ingen enkelt aktørs meldinger løfter scoren mere end {most.da}.",
    )


def without(actor: str, score: float, rank: int | None) -> Text:
    """The counterfactual: what would be left if one actor had reported nothing."""
    left = number(score)
    if rank is None:
        return Text(
            f"Without {actor}: no lead, too few would hold it.",
            f"Uden {actor}: intet spor, for få ville have det.",
        )
    return Text(f"Without {actor}: score {left.en}, rank {rank}.", f"Uden {actor}: score {left.da}, plads {rank}.")
