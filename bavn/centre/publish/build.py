"""Which sections make which document, in which order. The same facts give the same document, byte for byte."""

import calendar
import re
from collections.abc import Callable
from typing import Final

from bavn.centre.publish.document import Document, Kind, Section, Sentence, Source, SourceKind
from bavn.centre.publish.facts import DocumentFacts, Period
from bavn.centre.publish.parts.campaigns import campaigns
from bavn.centre.publish.parts.coverage import coverage
from bavn.centre.publish.parts.means import means
from bavn.centre.publish.parts.outlook import outlook
from bavn.centre.publish.parts.outside import outside
from bavn.centre.publish.parts.overview import overview
from bavn.centre.publish.parts.protection import protection
from bavn.centre.publish.parts.quantum import quantum
from bavn.centre.publish.parts.techniques import techniques
from bavn.centre.publish.parts.threats import threats
from bavn.centre.publish.wording import month
from bavn.model.failure import Failures, NoContainment
from bavn.model.moment import DAY_US, as_datetime
from bavn.model.spans import day
from bavn.model.text import Text

Part = Callable[[DocumentFacts], Section]
PARTS: Final[dict[Kind, tuple[Part, ...]]] = {
    Kind.PICTURE: (
        overview,
        threats,
        campaigns,
        techniques,
        outside,
        protection,
        coverage,
        means,
        quantum,
    ),
    Kind.FORECAST: (
        outlook,
        threats,
        overview,
        campaigns,
        techniques,
        outside,
        protection,
        coverage,
        means,
        quantum,
    ),
    Kind.BRIEF: (overview, threats, campaigns, techniques, outside, protection, coverage),
}
SECTIONS: Final = {
    "overview": Text.in_context("centre publish build", "Overview"),
    "outlook": Text("Outlook"),
    "threats": Text("Threat levels"),
    "campaigns": Text("Campaigns"),
    "techniques": Text("Techniques"),
    "outside": Text("From outside the sector"),
    "protection": Text("Protection"),
    "coverage": Text("Coverage"),
    "means": Text("Comparison"),
    "quantum": Text("Post-quantum encryption"),
}
"""What a section is called where its part fails."""
_SHOWN_BY: Final = Source(SourceKind.QUERY, "bavn centre failures")
_TITLES: Final = {
    Kind.PICTURE: Text("Sector picture"),
    Kind.FORECAST: Text("Cyber weather forecast"),
    Kind.BRIEF: Text("Monthly brief"),
}
_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_QUARTER: Final = re.compile(r"(\d{4})-Q([1-4])")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
YEARS: Final = range(1971, 9000)


def build(kind: Kind, facts: DocumentFacts, failures: Failures | None = None) -> Document:
    """The whole document. Raises nothing for facts that are few: what is not known is said. A part that fails in a way
    that nobody foresaw is told to ``failures`` (None: is raised), and its section says that it is missing."""
    return Document(
        kind=kind,
        sector=facts.sector,
        period=facts.period.name,
        first_day=facts.period.first_us // DAY_US,
        last_day=facts.period.end_us // DAY_US - 1,
        made_us=facts.now_us,
        tlp=facts.tlp,
        title=_title(kind, facts),
        sections=tuple(_section(part, facts, failures or NoContainment()) for part in PARTS[kind]),
    )


def _section(part: Part, facts: DocumentFacts, failures: Failures) -> Section:
    name = part.__name__
    try:
        section = part(facts)
    except Exception as error:  # noqa: BLE001  it costs this section and no more
        failures.note(f"section {name}", error)
        words = SECTIONS[name]
        sentence = Text(
            "This section is missing: it could not be made, for a reason that nobody foresaw. The rest of"
            " the document is complete."
        )
        return Section(id=name, title=words, blocks=(Sentence(sentence, (_SHOWN_BY,)),))
    failures.works(f"section {name}")
    return section


def period_of(kind: Kind, name: str, now_us: int, days: int = 30) -> Period:
    """The period of a document. ``name`` empty: the last whole month or quarter; a picture's last ``days`` until
    today. ValueError for a name of another form, and for what is not over yet (a picture of today excepted)."""
    if kind is Kind.PICTURE:
        return _of_days(name, now_us, days)
    now = as_datetime(now_us)
    length = 1 if kind is Kind.BRIEF else 3
    if not name:
        last = (now.year * 12 + now.month - 1) // length * length - length
    else:
        met = (_MONTH if kind is Kind.BRIEF else _QUARTER).fullmatch(name)
        if met is None or int(met[1]) not in YEARS:
            form = "2026-10" if kind is Kind.BRIEF else "2026-Q3"
            raise ValueError(Text("a period is named as {form}, not {name}", form=form, name=repr(name[:20])))
        last = int(met[1]) * 12 + (int(met[2]) - 1) * length
    first, end = _month_us(last), _month_us(last + length)
    if end > now_us:
        raise ValueError(Text("{name} is not over yet", name=name))
    year, number = divmod(last, 12)
    said = f"{year:04d}-{number + 1:02d}" if kind is Kind.BRIEF else f"{year:04d}-Q{number // 3 + 1}"
    return Period(said, first, end)


def _of_days(name: str, now_us: int, days: int) -> Period:
    end = (now_us // DAY_US + 1) * DAY_US
    day = f"{as_datetime(now_us):%Y-%m-%d}"
    if name and (not _DAY.fullmatch(name) or name != day):
        raise ValueError(Text("a picture is of today, {said}, not of {name}", said=day, name=repr(name[:20])))
    return Period(day, end - days * DAY_US, end)


def _month_us(months: int) -> int:
    year, number = divmod(months, 12)
    return calendar.timegm((year, number + 1, 1, 0, 0, 0)) * 1_000_000


def _title(kind: Kind, facts: DocumentFacts) -> Text:
    name, first = _TITLES[kind], as_datetime(facts.period.first_us)
    if kind is Kind.BRIEF:
        when = month(first.year, first.month)
    elif kind is Kind.PICTURE:
        when = day(facts.period.end_us - 1)
    else:
        quarter = facts.period.name.rpartition("-Q")[2]
        when = Text("after Q{quarter} {year}", quarter=quarter, year=first.year)
    return Text.shaped("{name}, {when}", name=name, when=when)
