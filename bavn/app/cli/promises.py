"""The promises of a health file in words, for node, centre and key holder alike. Refuses to judge."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bavn.model.health import ACTS, STATES
from bavn.model.moment import iso
from bavn.model.text import Language, Text

KEPT: Final = Text("promises are checked and kept")
OF: Final = Text("of")
SINCE: Final = Text("since")
WHO: Final = Text("Who must act")
FIRST: Final = Text("First")
UNCHECKED: Final = Text("Nothing is known to be wrong, but not all is checked yet:")


def unchecked_only(told: Mapping[str, Any]) -> bool:
    """Whether nothing is broken and something is not checked yet."""
    states = {one["state"] for one in told.get("promises", [])}
    return "unknown" in states and "broken" not in states and not told["problems"]


def _in(said: Mapping[str, str], language: Language) -> str:
    """A sentence of the file; in English where the file has no other."""
    return said.get(language, said["en"])


def promise_lines(promises: Sequence[Mapping[str, Any]], language: Language, *, affected: bool = False) -> list[str]:
    """What is broken or not checked, since when, who must act and what to do first. ``affected``: what is, too."""
    kept = sum(one["state"] == "kept" for one in promises)
    said = [f"{kept} {OF.say(language)} {len(promises)} {KEPT.say(language)}."] if promises else []
    for one in promises:
        if one["state"] == "kept":
            continue
        state = STATES[one["state"]].say(language)
        since = f" {SINCE.say(language)} {iso(one['since_us'])[:16]}Z" if one["since_us"] else ""
        what = one["affected"]
        why = f" ({_in(what, language)})" if what and (affected or one["state"] == "unknown") else ""
        said.append(f"  {'?' if one['state'] == 'unknown' else '-'} {_in(one['says'], language)}: {state}{since}{why}")
        if one["state"] == "broken":
            who = ACTS[one["act"]].say(language)
            said.append(f"      {WHO.say(language)}: {who}. {FIRST.say(language)}: {_in(one['first'], language)}.")
    return said
