"""The words over the columns of intelligence's screens (sources, proposals, MISPs) in Danish and English.

JSON keeps the names of the fields in English: machines read them. Refuses to know what stands below a heading.
"""

from typing import Any, Final

from bavn.app.cli.centre.desk import show
from bavn.app.cli.words import cell
from bavn.app.process.danish import reason
from bavn.model.text import Language, Text

HEADINGS: Final[dict[str, Text]] = {
    "about": Text("about", "om"),
    "added": Text("added", "tilføjet"),
    "case": Text("case", "sag"),
    "changed": Text("changed", "ændret"),
    "claims": Text("claims", "påstande"),
    "compared": Text("compared", "sammenlignet"),
    "confidence": Text("confidence", "sikkerhed"),
    "distribution": Text("distribution", "udbredelse"),
    "emptied": Text("emptied", "tømt"),
    "events": Text("events", "hændelser"),
    "every_minutes": Text("every (min)", "hver (min)"),
    "failure": Text("failure", "fejl"),
    "false_hits": Text("false hits", "falske træf"),
    "first": Text("first", "først"),
    "first_heard": Text("first heard", "først hørt"),
    "hits": Text("hits", "træf"),
    "hunts_per_day": Text("hunts a day", "jagter pr. dag"),
    "indicator": Text("indicator", "indikator"),
    "item": Text("item", "element"),
    "judged": Text("judged", "bedømt"),
    "kind": Text("kind", "slags"),
    "last_heard": Text("last heard", "sidst hørt"),
    "lead_hours": Text("lead (h)", "forspring (t)"),
    "listed": Text("listed", "på lister"),
    "live": Text("live", "gældende"),
    "met_by": Text("met by", "mødt af"),
    "misp": Text("MISP", "MISP"),
    "new": Text("new", "nye"),
    "new_proposals": Text("new proposals", "nye forslag"),
    "not_carried": Text("not carried", "ikke med"),
    "pap": Text("PAP", "PAP"),
    "partner": Text("partner", "partner"),
    "passed_over": Text("passed over", "sprunget over"),
    "place": Text("place", "sted"),
    "publish": Text("publish", "udgiv"),
    "put_off": Text("put off", "udsat"),
    "question": Text("question", "spørgsmål"),
    "reason": Text("reason", "grund"),
    "received": Text("received", "modtaget"),
    "refused": Text("refused", "afvist"),
    "removed": Text("removed", "fjernet"),
    "rule": Text("rule", "regel"),
    "says": Text("says", "siger"),
    "score": Text("score", "score"),
    "shared": Text("shared", "delt"),
    "sightings": Text("sightings", "observationer"),
    "source": Text("source", "kilde"),
    "sources": Text("sources", "kilder"),
    "state": Text("state", "tilstand"),
    "suspended": Text("suspended", "sat i bero"),
    "synced": Text("read", "læst"),
    "taken": Text("taken", "taget ind"),
    "technique": Text("technique", "teknik"),
    "tlp": Text("TLP", "TLP"),
    "trust": Text("trust", "tillid"),
    "unchanged": Text("unchanged", "uændret"),
    "unique": Text("unique", "kun her"),
    "unique_share": Text("unique share", "andel kun her"),
    "until": Text("until", "til"),
    "updated": Text("updated", "opdateret"),
    "url": Text("address", "adresse"),
    "when": Text("when", "hvornår"),
    "whole_days": Text("read whole every (days)", "læses helt hver (dage)"),
    "why": Text("why", "hvorfor"),
    "withdrawn": Text("withdrawn", "trukket tilbage"),
    "written": Text("written", "skrevet"),
}
STATES: Final = {
    "active": Text("active", "aktiv"),
    "suspended": Text("suspended", "sat i bero"),
    "ended": Text("ended", "ophørt"),
}


def show_spoken(rows: list[dict[str, Any]], *, as_json: bool, language: Language) -> None:
    """Rows as a table with the language's headings, or as JSON, which is the same in both. KeyError for a heading that
    nobody translated."""
    if as_json:
        show(rows, as_json=True)
    elif not rows:
        print(Text("nothing yet", "intet endnu").say(language))
    else:
        spoken = [
            {HEADINGS[name].say(language): _value(name, value, language) for name, value in row.items()} for row in rows
        ]
        show(spoken, as_json=False)


def _value(name: str, value: Any, language: Language) -> Any:
    if isinstance(value, bool):
        return cell("yes" if value else "no", language)
    if name in ("reason", "failure") and isinstance(value, str):
        return reason(value, language)
    if name == "state" and value in STATES:
        return STATES[value].say(language)
    return value
