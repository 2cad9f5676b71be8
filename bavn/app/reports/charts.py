"""A figure as SVG, drawn by matplotlib: the same figure is the same bytes. Letters are drawn as shapes, so that no font
of the reader's matters; what a picture says stands beside it in words and in a table.

Colours are told apart in grey too (ColorBrewer's blues). Refuses to show what the table does not.
"""

import io
from typing import TYPE_CHECKING, Any, Final

from bavn.app.reports.missing import reports_needed
from bavn.centre.publish.document import Drawn, Figure
from bavn.centre.publish.threat import LEVELS
from bavn.model.text import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_IN: Final = 6.9
INK: Final = "#14213d"
QUIET: Final = "#5c677d"
BLUES: Final = ("#12355b", "#7fb2d9", "#c8ccd4")
STEPS: Final = ("#d7dde5", "#b9d3e8", "#f2c14e", "#e07a3f", "#a4243b")
SETTINGS: Final[Any] = {
    "svg.hashsalt": "bavn",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.edgecolor": QUIET,
    "path.simplify": False,
    "axes.unicode_minus": False,
    "text.parse_math": False,
}


def drawn(figure: Figure, language: Language) -> bytes | None:
    """The picture as SVG, or None where there is nothing to draw. Stop, where matplotlib is missing."""
    known = [row for row in figure.rows if any(value is not None for value in row.values)]
    if figure.drawn is Drawn.TABLE or not known:
        return None
    with reports_needed():
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure as Canvas
    with mpl.rc_context(SETTINGS):
        height = 0.9 + 0.3 * len(figure.rows)
        canvas = Canvas(figsize=(WIDTH_IN, height), layout="constrained")
        FigureCanvasSVG(canvas)
        axes = canvas.subplots()
        _DRAW[figure.drawn](axes, figure, language)
        out = io.BytesIO()
        canvas.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return out.getvalue()


def _labels(axes: "Axes", figure: Figure, language: Language) -> None:
    axes.set_yticks(range(len(figure.rows)), [_short(row.label.say(language)) for row in figure.rows])
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _short(said: str) -> str:
    return said if len(said) <= 56 else said[:54] + "…"


def _bars(axes: "Axes", figure: Figure, language: Language) -> None:
    left = [0.0] * len(figure.rows)
    for at, name in enumerate(figure.names):
        values = [row.values[at] or 0.0 for row in figure.rows]
        axes.barh(range(len(values)), values, left=left, height=0.62, color=BLUES[at % 3], label=name.say(language))
        left = [one + more for one, more in zip(left, values, strict=True)]
    _labels(axes, figure, language)
    axes.set_xlim(0, max(left) * 1.02 or 1)
    axes.set_xlabel(figure.unit.say(language))
    axes.grid(axis="x", color="#e3e6eb", linewidth=0.6)
    axes.set_axisbelow(True)
    if len(figure.names) > 1:
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(figure.names), frameon=False, borderaxespad=0.2
        )


def _heat(axes: "Axes", figure: Figure, language: Language) -> None:
    import numpy as np

    values = np.array([[np.nan if one is None else one for one in row.values] for row in figure.rows])
    top = float(np.nanmax(values)) or 1.0
    axes.pcolormesh(
        np.arange(values.shape[1] + 1) - 0.5,
        np.arange(values.shape[0] + 1) - 0.5,
        values,
        cmap="Blues",
        vmin=0,
        vmax=top,
        edgecolors="white",
        linewidth=1.2,
    )
    for y, row in enumerate(figure.rows):
        for x, value in enumerate(row.values):
            if value is not None:
                axes.text(
                    x,
                    y,
                    f"{value:.0f}",
                    ha="center",
                    va="center",
                    fontsize=7.5,
                    color="white" if value > 0.55 * top else INK,
                )
    _labels(axes, figure, language)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks(range(len(figure.names)), [name.say(language).replace(" ", "\n") for name in figure.names])
    axes.set_xlabel(figure.unit.say(language))


def _levels(axes: "Axes", figure: Figure, language: Language) -> None:
    words = [LEVELS[level].say(language) for level in sorted(LEVELS)]
    for y, row in enumerate(figure.rows):
        stands = row.values[0]
        for x in range(len(words)):
            here = stands is not None and x == round(stands)
            axes.barh(
                y,
                0.94,
                left=x - 0.47,
                height=0.62,
                color=STEPS[x] if here else "#f1f3f6",
                edgecolor=INK if here else "#dfe3e8",
                linewidth=1.1 if here else 0.5,
            )
            if here:
                axes.text(
                    x,
                    y,
                    words[x],
                    ha="center",
                    va="center",
                    fontsize=8,
                    fontweight="bold",
                    color="white" if x in (3, 4) else INK,
                )
        if stands is None:
            axes.text(2, y, "?", ha="center", va="center", color=QUIET, fontsize=9)
    _labels(axes, figure, language)
    axes.spines["bottom"].set_visible(False)
    axes.set_xlim(-0.5, len(words) - 0.5)
    axes.set_xticks(range(len(words)), words)


_DRAW: Final[dict[Drawn, Any]] = {
    Drawn.BARS: _bars,
    Drawn.HEAT: _heat,
    Drawn.LEVELS: _levels,
}
