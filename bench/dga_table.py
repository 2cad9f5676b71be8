"""Makes the 3-gram table of detect/statistics/surprise.py, and says how well it tells chosen names from random ones.

    .venv/bin/python bench/dga_table.py [--write] [--json]

Source: the labels before the public suffix of the Tranco list in the MISP warning lists (CC0, in the package
pymispwarninglists); nine in ten of them by their hash make the table, the tenth is measured against letters at random.
Only rounded counts are kept. Without --write the table is held against the shipped one.
"""

import argparse
import json
import sys
import zlib
from base64 import b85encode
from hashlib import blake2b
from pathlib import Path

import numpy as np

from bavn.actor.detect.statistics import surprise
from bavn.model.intel.grades import entries
from bavn.model.observable import registered_domain

FILE = Path(__file__).resolve().parents[1] / "bavn" / "actor" / "detect" / "surprise.json"
NOTE = "Bits of a character given the two before it, in steps of 0.75, two to a byte; made by bench/dga_table.py."
SMOOTH = 0.5


def labels() -> tuple[list[str], list[str]]:
    """Labels for the table, and those kept apart to measure it."""
    found: set[str] = set()
    for name in entries("tranco"):
        registered = registered_domain(name)
        if registered:
            label = registered.split(".")[0]
            if not label.startswith("xn--"):
                found.add(label)
    kept: tuple[list[str], list[str]] = ([], [])
    for label in sorted(found):
        kept[blake2b(label.encode(), digest_size=1).digest()[0] % 10 == 0].append(label)
    return kept


def table(given: list[str]) -> np.ndarray:
    """Levels of 0 to 15, shape (29, 29, 29): bits in steps, smoothed by the counts of pairs."""
    counts = np.zeros((surprise.SYMBOLS,) * 3)
    for at in range(0, len(given), 50_000):
        codes = [np.array(surprise.coded(label)) for label in given[at : at + 50_000]]
        first, second, third = (np.concatenate([c[k : len(c) - 2 + k] for c in codes]) for k in range(3))
        np.add.at(counts, (first, second, third), 1)
    pairs = counts.sum(axis=0)
    singles = (pairs.sum(axis=0) + 1) / (pairs.sum() + surprise.SYMBOLS)
    backed = (pairs + 5 * singles) / (pairs.sum(axis=1, keepdims=True) + 5)
    share = (counts + SMOOTH * 29 * backed) / (counts.sum(axis=2, keepdims=True) + SMOOTH * 29)
    return np.clip(np.rint(-np.log2(share) / surprise.STEP_BITS), 0, 15).astype(np.uint8)


def packed(levels: np.ndarray) -> str:
    """The file's text."""
    flat = np.append(levels.ravel(), np.zeros(levels.size % 2, np.uint8)).reshape(-1, 2)
    pressed = zlib.compress(((flat[:, 0] << 4) | flat[:, 1]).astype(np.uint8).tobytes(), 9)
    return json.dumps({"note": NOTE, "table": b85encode(pressed).decode()}) + "\n"


def measured(kept: list[str]) -> dict[str, object]:
    """Bits a character of names kept apart and of names at random, at the fifth, middle and 95th per cent."""
    dice = np.random.default_rng(1)

    def random(letters: str, low: int, high: int) -> list[str]:
        return ["".join(dice.choice(list(letters), int(dice.integers(low, high)))) for _ in range(5000)]

    abc = "abcdefghijklmnopqrstuvwxyz"
    cvcv = [
        "".join(
            dice.choice(list("bcdfghklmnprstv")) + dice.choice(list("aeiou")) for _ in range(int(dice.integers(3, 7)))
        )
        for _ in range(5000)
    ]
    sets = {
        "names people chose": [label for label in kept if len(label) >= 5][::10],
        "letters at random, 8 to 20": random(abc, 8, 20),
        "letters at random, 5 to 8": random(abc, 5, 8),
        "hex, 12 to 32": random("0123456789abcdef", 12, 32),
        "letters and digits, 10 to 20": random(abc + "0123456789", 10, 20),
        "syllables, 6 to 12": cvcv,
    }
    return {
        name: [round(float(q), 2) for q in np.quantile([surprise.surprise_bits(x) for x in some], (0.05, 0.5, 0.95))]
        for name, some in sets.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    made, kept = labels()
    text = packed(table(made))
    if asked.write:
        FILE.write_text(text, encoding="utf-8")
    facts: dict[str, object] = {"names": len(made), "bytes": len(text)}
    facts["the shipped table"] = "the same" if FILE.read_text(encoding="utf-8") == text else "another"
    facts |= measured(kept)
    print(json.dumps(facts) if asked.json else "\n".join(f"{name}: {fact}" for name, fact in facts.items()))


if __name__ == "__main__":
    sys.exit(main())
