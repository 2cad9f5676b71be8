"""The bench's figures as pictures (SVG): recall of every way, ablations, time from the second victim, by linkage.

Each says commit, seeds and what stands behind it. Drawn from the JSON object alone, so that a picture never shows what
the file does not. Needs matplotlib (the extra ``bench``). Refuses to measure.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ABLATIONS: Final = ("without ", "a + ", "a - ", "a fifth", "p wrong")
INK: Final = {"15": "#1f6f8b", "100": "#c4572b"}
OTHER_INK: Final = "#555555"


def draw(facts: Mapping[str, Any], folder: Path, name: str) -> list[Path]:
    """Writes ``NAME-*.svg``; the same figures give the same bytes. ImportError without matplotlib."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    others: Mapping[str, Any] = facts["others"]
    ways = {"bavn": facts["recall_at_20"], "best single actor": facts["best_single_actor"]}
    baselines = ways | {way: by for way, by in others.items() if not way.startswith(ABLATIONS)}
    ablations = {"bavn": facts["recall_at_20"]} | {way: by for way, by in others.items() if way.startswith(ABLATIONS)}
    pictures = {
        "ways": ("Campaigns found among 20 leads a day (within the join's reach)", baselines),
        "ablations": ("The same with a part of the score off, or with wrong numbers", ablations),
        "linkage": (
            "Campaigns found among 20 leads a day, by what links the victims (all)",
            _turned(facts["by_linkage"]),
        ),
        "victims": ("Campaigns found among 20 leads a day, by number of victims (all)", _turned(facts["by_victims"])),
    }
    paths = []
    with mpl.rc_context({"svg.hashsalt": "bavn", "font.size": 9, "svg.fonttype": "path"}):
        for kind, (title, rows) in pictures.items():
            figure = Figure(figsize=(7.5, 1.4 + 0.34 * len(rows)), layout="constrained")
            _bars(figure, title, rows, facts)
            path = folder / f"{name}-{kind}.svg"
            figure.savefig(path, format="svg", metadata={"Date": None, "Creator": "bavn bench sector"})
            paths.append(path)
    return paths


def _turned(by_actors: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    names = sorted({name for table in by_actors.values() for name in table})
    return {name: {n: table[name] for n, table in by_actors.items() if name in table} for name in names}


def _bars(figure: Any, title: str, rows: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Any]) -> None:
    axes = figure.add_subplot()
    sizes: Sequence[str] = sorted({n for by in rows.values() for n in by}, key=int)
    height = 0.8 / max(1, len(sizes))
    for at, n in enumerate(sizes):
        ink = INK.get(n, OTHER_INK)
        label = f"N={n}"
        for row, by in enumerate(rows.values()):
            value = by.get(n)
            if value is None or value["value"] is None:
                continue
            y = row + (at - (len(sizes) - 1) / 2) * height
            axes.barh(y, value["value"], height=height * 0.9, color=ink, label=label)
            axes.plot([value["low"], value["high"]], [y, y], color="black", linewidth=1)
            label = "_"
    axes.set_yticks(range(len(rows)), list(rows))
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_title(title, fontsize=10, loc="left")
    axes.legend(loc="lower right", frameon=False)
    seeds = facts["seeds"]
    axes.set_xlabel(
        f"recall@20, 95 % bootstrap interval; seeds {seeds[0]}-{seeds[-1]}, commit {facts['commit']}\n{facts['what']}",
        fontsize=7,
    )
