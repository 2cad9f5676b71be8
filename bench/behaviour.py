"""Pairs of TLS fingerprints and chains of techniques over the labelled captures: what is common, what a family shares.

    .venv/bin/python bench/behaviour.py [--write] [--json]

bavn/actor/detect/common_behaviour.json (--write): pairs that go to a name on a popularity list in any capture, pairs
that two benign captures or more show, chains that two benign captures or more would offer the join. Without --write:
how many benign captures and how many malicious ones offer any pair or chain, and how many malicious families share one
between two of their captures. Every capture stands for one actor. Needs the captures (BAVN_DATA).
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from labelled import BENIGN, ROOT, converted, data_needed, labelled, window

from bavn.actor.detect.indicators import lists
from bavn.actor.detect.queries.behaviour import Common, shipped
from bavn.actor.detect.run import SurveyBackground, survey
from bavn.model.intel.behaviour import BEHAVIOUR
from bavn.model.intel.grades import Grade
from bavn.model.observable import ObservableType

SHIPPED = ROOT / "bavn" / "actor" / "detect" / "common_behaviour.json"
NOTE = (
    "Pairs of fingerprints that go to popular names, and pairs and chains that two benign captures or more show; made"
    " by bench/behaviour.py."
)
CAPTURES_MIN = 2


def pairs_of(one) -> dict[str, bool]:
    """Every pair of a capture's TLS conversations, and whether one of them went to a popular name."""
    rows = converted(one).get("tls")
    if rows is None:
        return {}
    made: dict[str, bool] = {}
    for sni, ja3, ja3s, ja4 in zip(*(rows[name].to_pylist() for name in ("sni", "ja3", "ja3s", "ja4")), strict=True):
        famous = bool(sni) and lists.shipped().name_grade(sni) >= Grade.POPULAR
        for client in (ja3, ja4):
            if client and ja3s:
                made[f"{client}+{ja3s}"] = famous or made.get(f"{client}+{ja3s}", False)
    return made


def offered(one, common: Common) -> set[str]:
    """Pairs and chains that the capture's suspicions would offer, as ``type:value``."""
    with window(one) as made:
        if made is None:
            return set()
        found = survey(made, against=SurveyBackground(common=common)).suspicions
    return {str(o) for s in found for o in s.observables if o.type in BEHAVIOUR}


def common(captures) -> dict[str, object]:
    """What is nothing to go by: pairs that go to popular names, pairs and chains of two benign captures or more."""
    pairs, chains, famous = defaultdict(set), defaultdict(set), set()
    for one in captures:
        for text, known in pairs_of(one).items():
            if known:
                famous.add(text)
            if one.kind in BENIGN:
                pairs[text].add(one.name)
        for text in offered(one, Common()) if one.kind in BENIGN else ():
            if text.startswith(ObservableType.CHAIN):
                chains[text.partition(":")[2]].add(one.name)
    kept = [{text for text, where in some.items() if len(where) >= CAPTURES_MIN} for some in (pairs, chains)]
    return {"note": NOTE, "pairs": sorted(kept[0] | famous), "chains": sorted(kept[1])}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--write", action="store_true")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    folder = data_needed()
    captures = labelled(folder)
    benign = [one for one in captures if one.kind in BENIGN]
    if given.write:
        SHIPPED.write_text(json.dumps(common(captures), indent=1) + "\n", encoding="utf-8")
        return
    known = shipped()
    figures: dict[str, int] = {}
    families = defaultdict(lambda: defaultdict(set))
    for name, some in (("benign", benign), ("malicious", [c for c in captures if c.kind in ("malicious", "mixed")])):
        said = {one.name: offered(one, known) for one in some}
        figures[f"{name}_captures"] = len(some)
        for kind in ("fp-pair", "chain"):
            figures[f"{name}_{kind}"] = sum(any(t.startswith(kind) for t in made) for made in said.values())
            for one in some:
                for text in said[one.name]:
                    if text.startswith(kind):
                        families[name, kind][text].add((one.family, one.name))
    for (name, kind), shared in families.items():
        many = {text: where for text, where in shared.items() if len({n for _, n in where}) >= CAPTURES_MIN}
        figures[f"{name}_{kind}_shared"] = len(many)
        figures[f"{name}_{kind}_families"] = len({family for where in many.values() for family, _ in where})
    print(json.dumps(figures) if given.json else "\n".join(f"{key:28} {value}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
