"""The benchmark as a document for one actor alone: its own figures, and the sector's quartiles; or the sector's alone.

No other actor is in it, and none can be read out of it beyond the epsilon that it names.
"""

from bavn.centre.publish.document import Document, Kind, Section, Sentence, Source, SourceKind
from bavn.centre.publish.facts import Period, SectorQuartiles
from bavn.centre.publish.measures import MEASURES
from bavn.centre.publish.parts.quartiles import about, figure, sources
from bavn.centre.publish.quartiles import Values
from bavn.centre.publish.wording import month, plain
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US, as_datetime
from bavn.model.text import Text

_DECISION = Source(SourceKind.REFERENCE, "Bavn, docs/decisions/0019-quartiles-of-actors.md")


def benchmark_document(
    sector: str, actor: str, own: Values, quartiles: SectorQuartiles, period: Period, now_us: int, tlp: Tlp
) -> Document:
    """``actor`` empty: the sector's side alone, marked ``tlp``. With an actor it is for that one: TLP:AMBER+STRICT."""
    first = as_datetime(period.first_us)
    named, when = plain(actor or sector), month(first.year, first.month)
    return Document(
        kind=Kind.PICTURE,  # a page does not show it, and a benchmark is no edition
        sector=sector,
        period=period.name,
        first_day=period.first_us // DAY_US,
        last_day=period.end_us // DAY_US - 1,
        made_us=now_us,
        tlp=Tlp.AMBER_STRICT if actor else tlp,
        title=Text("Benchmark of {named}, {when}", named=named, when=when),
        sections=(_figures(actor, own, quartiles), _reading(actor, quartiles)),
    )


def _figures(actor: str, own: Values, quartiles: SectorQuartiles) -> Section:
    title = Text("You and the anonymous sector")
    if not actor:
        title = Text("The anonymous sector")
        return Section(id="beside", title=title, blocks=(about(quartiles), figure(quartiles, None)))
    return Section(
        id="beside", title=title, blocks=(_in_short(own, quartiles), about(quartiles), figure(quartiles, own))
    )


def _in_short(own: Values, quartiles: SectorQuartiles) -> Sentence:
    """How many figures are known, and how many of them the sector's side has."""
    told_of = {measure.measure for measure in quartiles.measures if measure.within is not None}
    mine = [measure for measure in MEASURES if own.get(measure.id) is not None]
    beside = sum(measure.id in told_of for measure in mine)
    queries = tuple(dict.fromkeys(Source(SourceKind.QUERY, measure.query) for measure in mine))
    return Sentence(
        Text(
            "The centre knows {mine} of your {measures} figures; {beside} of them can be set beside the"
            " sector's. The last two columns say how much of the sector stands in a lower step, and in a"
            " higher one.",
            mine=len(mine),
            measures=len(MEASURES),
            beside=beside,
        ),
        (*queries, *sources(quartiles)),
    )


def _reading(actor: str, told: SectorQuartiles) -> Section:
    """What the figures are, what is not among them, who may see this."""
    rests = (_DECISION, *sources(told))
    blocks = [
        Sentence(
            Text(
                "Times run from when an indicator lay in the actor's queue at the centre to when the centre"
                " heard that it was in force. Indicators that nothing there can carry are left out. Coverage"
                " is as it stood when each side was made. Suspected machines are counts that each actor put"
                " noise on itself."
            ),
            rests,
        ),
        Sentence(
            Text(
                "The share of post-quantum-ready handshakes is not among the figures: nothing tells the"
                " centre of an actor's. The command bavn node cbom shows it at home."
            ),
            (_DECISION,),
        ),
    ]
    if actor:
        blocks.append(
            Sentence(
                Text(
                    "This page is for the actor that it names and for nobody else. The quartiles are the same on"
                    " every actor's page of the month: none was left out of them, so that two pages cannot be"
                    " subtracted."
                ),
                rests,
            )
        )
    return Section(id="reading", title=Text("Reading it"), blocks=tuple(blocks))
