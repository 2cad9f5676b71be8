"""Pictures of `bavn bench real` (SVG), drawn from the JSON object alone: hits of each way, and hits day by day.

Needs matplotlib (the extra ``bench``). Refuses to measure, and to show anything of one source.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

INK: Final = {"ours": "#1f6f8b", "HPB": "#c4572b", "other": "#8a8a8a"}


def draw(facts: Mapping[str, Any], folder: Path) -> list[Path]:
    """Writes ``real-inbound-NAME.svg`` for each file; the same figures give the same bytes. ImportError without
    matplotlib."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with mpl.rc_context({"svg.hashsalt": "bavn", "font.size": 9, "svg.fonttype": "path"}):
        for name, file in facts.get("inbound", {}).get("files", {}).items():
            figure = Figure(figsize=(9.0, 3.6), layout="constrained")
            _bars(figure, file, facts["commit"])
            paths.append(folder / f"real-inbound-{name}.svg")
            figure.savefig(paths[-1], format="svg", metadata={"Date": None, "Creator": "bavn bench real"})
    return paths


def _bars(figure: Any, file: Mapping[str, Any], commit: str) -> None:
    judged = file[file["judged"]]
    lengths = list(next(iter(judged["ways"].values())))
    panels = figure.subplots(1, len(lengths), sharey=True, squeeze=False)[0]
    names = list(judged["ways"])
    for axes, length in zip(panels, lengths, strict=True):
        for row, way in enumerate(names):
            value = judged["ways"][way][length]["hits_an_actor_and_day"]
            kind = "ours" if way.startswith("sector") else "HPB" if way.startswith("HPB") else "other"
            axes.barh(row, value["value"], height=0.7, color=INK[kind])
            axes.plot([value["low"], value["high"]], [row, row], color="black", linewidth=1)
        axes.set_title(f"{int(length):,} sources a day", fontsize=10, loc="left")
        axes.set_xlim(left=0)
        axes.set_xlabel("hits an actor and day", fontsize=8)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].invert_yaxis()
    figure.supxlabel(
        "Sources that came that day and stood on the actor's list an hour before or earlier."
        f" {file['actors']} actors, {judged['days']} days that chose no setting,\n95 % bootstrap over days and actors,"
        f" commit {commit}",
        fontsize=7,
    )
