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
UNKNOWN_NOW: Final = Text("Nothing is checked while it does not run: nobody knows which promises are kept.")
UNCHECKED: Final = Text("Nothing is known to be wrong, but not all is checked yet:")


def _in(said: Mapping[str, str], language: Language) -> str:
    """A sentence of the file; in English where the file has no other."""
    return said.get(language, said["en"])


def promise_lines(health: Mapping[str, Any], language: Language, *, affected: bool = False) -> list[str]:
    """What is broken or not checked, since when, who must act and what to do first. ``affected``: what is, too. Of a
    service that does not run, what was broken when it was last heard, and never that anything is kept."""
    promises: Sequence[Mapping[str, Any]] = health.get("promises", [])
    kept = sum(promise["state"] == "kept" for promise in promises)
    lines = [f"{kept} {OF.say(language)} {len(promises)} {KEPT.say(language)}."] if promises else []
    seen = {"broken", "unknown"}
    if not health["running"]:
        lines, seen = [UNKNOWN_NOW.say(language)], {"broken"}
    for promise in promises:
        if promise["state"] not in seen:
            continue
        state = STATES[promise["state"]].say(language)
        since = f" {SINCE.say(language)} {iso(promise['since_us'])[:16]}Z" if promise["since_us"] else ""
        what = promise["affected"]
        why = f" ({_in(what, language)})" if what and (affected or promise["state"] == "unknown") else ""
        lines.append(
            f"  {'?' if promise['state'] == 'unknown' else '-'} {_in(promise['says'], language)}: {state}{since}{why}"
        )
        if promise["state"] == "broken":
            who = ACTS[promise["act"]].say(language)
            lines.append(f"      {WHO.say(language)}: {who}. {FIRST.say(language)}: {_in(promise['first'], language)}.")
    return lines
