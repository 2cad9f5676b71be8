"""The words over the columns of intelligence's screens (sources, proposals, MISPs) in Danish and English.

JSON keeps the names of the fields in English: machines read them. Refuses to know what stands below a heading.
"""

from typing import Any, Final

from bavn.app.cli.shown import show
from bavn.app.cli.words import cell
from bavn.model.text import Language, Text

HEADINGS: Final[dict[str, Text]] = {
    "about": Text("about"),
    "added": Text("added"),
    "case": Text("case"),
    "changed": Text("changed"),
    "confidence": Text("confidence"),
    "distribution": Text("distribution"),
    "emptied": Text("emptied"),
    "events": Text("events"),
    "every_minutes": Text("every (min)"),
    "failure": Text("failure"),
    "first": Text("first"),
    "first_heard": Text("first heard"),
    "indicator": Text("indicator"),
    "item": Text("item"),
    "kind": Text("kind"),
    "last_heard": Text("last heard"),
    "listed": Text("listed"),
    "met_by": Text("seen by"),
    "misp": Text("MISP"),
    "new": Text.in_context("cli centre intel words", "new"),
    "new_proposals": Text("new proposals"),
    "none_taken": Text("nothing taken"),
    "not_carried": Text("not carried"),
    "pap": Text("PAP"),
    "partner": Text("partner"),
    "passed_over": Text("passed over"),
    "place": Text("place"),
    "publish": Text("publish"),
    "put_off": Text("put off"),
    "reason": Text("reason"),
    "received": Text("received"),
    "refused": Text("refused"),
    "removed": Text("removed"),
    "rule": Text("rule"),
    "says": Text("says"),
    "sightings": Text("sightings"),
    "source": Text("source"),
    "sources": Text("sources"),
    "state": Text("state"),
    "suspended": Text("suspended"),
    "synced": Text("read"),
    "taken": Text("taken"),
    "technique": Text("technique"),
    "tlp": Text("TLP"),
    "trust": Text("trust"),
    "unchanged": Text("unchanged"),
    "until": Text("until"),
    "updated": Text("updated"),
    "url": Text("address"),
    "when": Text("when"),
    "why": Text("why"),
    "withdrawn": Text("withdrawn"),
    "written": Text("written"),
}
STATES: Final = {
    "active": Text("active"),
    "suspended": Text("suspended"),
    "ended": Text("ended"),
}


def show_spoken(rows: list[dict[str, Any]], *, as_json: bool, language: Language) -> None:
    """Rows as a table with the language's headings, or as JSON, which is the same in both. KeyError for a heading that
    nobody translated."""
    if as_json:
        show(rows, as_json=True)
    elif not rows:
        print(Text("nothing yet").say(language))
    else:
        spoken = [
            {HEADINGS[name].say(language): _value(name, value, language) for name, value in row.items()} for row in rows
        ]
        show(spoken, as_json=False)


def _value(name: str, value: Any, language: Language) -> Any:
    if isinstance(value, bool):
        return cell("yes" if value else "no", language)
    if name == "state" and value in STATES:
        return STATES[value].say(language)
    return value
