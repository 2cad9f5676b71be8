"""The roll-out as a picture for a steering group: plan against fact, one line for each actor. PNG, by matplotlib: the
same register on the same day is the same bytes.

Fact is a bar that grows darker with each state; the plan is a row of marks over it, hollow until the state is reached,
red where its day has passed. The same stands in the CSV. Refuses to show what `rollout show` does not.
"""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from bavn.app.reports.charts import INK, QUIET, SETTINGS, WIDTH_IN
from bavn.app.reports.missing import reports_needed
from bavn.centre.desk.rollout_facts import Stand
from bavn.model.moment import DAY_US
from bavn.model.sector.rollout import PATH, STAGES, Stage
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROWS_MAX: Final = 250
LATE: Final = "#a4243b"
_SHADES: Final = {
    Stage.CANDIDATE: "#eef1f5",
    Stage.PLANNED: "#dfe7f0",
    Stage.AGREEMENT: "#c8d9ea",
    Stage.ENROLLED: "#a9c6e1",
    Stage.ACCEPTED: "#7fb2d9",
    Stage.TRIAL: "#5590c2",
    Stage.PROVED: "#33699d",
    Stage.OPERATING: "#12355b",
    Stage.SUSPENDED: "#f2c14e",
    Stage.LEAVING: "#e07a3f",
    Stage.LEFT: "#8d99a6",
}
_MARKS: Final = {
    Stage.PLANNED: "1",
    Stage.AGREEMENT: "2",
    Stage.ENROLLED: "3",
    Stage.ACCEPTED: "4",
    Stage.TRIAL: "5",
    Stage.PROVED: "6",
    Stage.OPERATING: "7",
}
_TITLE: Final = Text("{sector}: roll-out, {day}")
_TODAY: Final = Text("today")


def _left_out(count: int) -> Text:
    return Text.counted("{count:,} more actor is in the CSV", "{count:,} more actors are in the CSV", count)


def timeline(stands: Sequence[Stand], language: Language, *, sector: str, today: int, day: str) -> bytes:
    """PNG of at most ROWS_MAX actors, in the order given. ``today``: days since 1970; ``day``: the same in words. Stop,
    where matplotlib is missing."""
    with reports_needed():
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    shown = stands[:ROWS_MAX]
    with mpl.rc_context(SETTINGS):
        canvas = Figure(figsize=(1.6 * WIDTH_IN, 1.9 + 0.26 * max(1, len(shown))), layout="constrained")
        FigureCanvasAgg(canvas)
        axes = canvas.subplots()
        first, last = _span(shown, today)
        for y, one in enumerate(shown):
            _fact(axes, y, one, first, today)
            _plan(axes, y, one, today)
        axes.axvline(today, color=INK, linewidth=0.9)
        axes.annotate(
            _TODAY.say(language),
            (today, 1),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="bottom",
            fontsize=7.5,
            color=INK,
        )
        _frame(axes, shown, first, last)
        left_out = len(stands) - len(shown)
        title = _TITLE.filled(sector=sector, day=day).say(language)
        axes.set_title(title + (f"\n{_left_out(left_out).say(language)}" if left_out else ""), pad=16)
        _legend(axes, language)
        out = io.BytesIO()
        canvas.savefig(out, format="png", dpi=150, metadata={"Software": None})
    return out.getvalue()


def _span(shown: Sequence[Stand], today: int) -> tuple[int, int]:
    days = [today, *(one.day for stand in shown for one in stand.plan)]
    days += [one.at_us // DAY_US for stand in shown for one in stand.moves]
    room = max(3, (max(days) - min(days)) // 40)
    return min(days) - room, max(days) + room


def _fact(axes: "Axes", y: int, stand: Stand, first: int, today: int) -> None:
    """From each step to the next, in the shade of the state between them."""
    since = [(move.at_us / DAY_US, move.to) for move in stand.moves]
    begin = stand.moves[0].come_from if stand.moves else stand.party.stage
    since.insert(0, (min(first, today) if not since else min(first, since[0][0]), begin))
    ends = [at for at, _ in since[1:]] + [max(today, since[-1][0])]
    for (at, stage), end in zip(since, ends, strict=True):
        axes.barh(y, max(0.0, end - at), left=at, height=0.62, color=_SHADES[stage], linewidth=0)


def _plan(axes: "Axes", y: int, one: Stand, today: int) -> None:
    for planned in one.plan:
        reached = one.reached_day(planned.stage) is not None
        color = INK if reached else LATE if planned.day < today else QUIET
        face = color if reached else "white"
        axes.plot(
            [planned.day],
            [y],
            marker="D",
            markersize=8,
            color=color,
            markerfacecolor=face,
            markeredgewidth=1.1,
            linestyle="none",
        )
        axes.text(
            planned.day,
            y,
            _MARKS[planned.stage],
            ha="center",
            va="center",
            fontsize=6,
            color="white" if reached else color,
        )


def _frame(axes: "Axes", shown: Sequence[Stand], first: int, last: int) -> None:
    import matplotlib.dates as dates

    axes.set_yticks(range(len(shown)), [one.party.title[:40] or one.party.actor for one in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(first, last)
    made: Any = dates  # matplotlib's dates have no types
    axes.xaxis.set_major_locator(made.AutoDateLocator(minticks=3, maxticks=12))
    axes.xaxis.set_major_formatter(made.DateFormatter("%Y-%m-%d", usetex=False))
    axes.tick_params(axis="x", rotation=30)
    axes.tick_params(length=0)
    axes.grid(axis="x", color="#e3e6eb", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _legend(axes: "Axes", language: Language) -> None:
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Patch(color=_SHADES[stage], label=f"{_MARKS.get(stage, '')}  {STAGES[stage].say(language)}".strip())
        for stage in (*PATH, Stage.SUSPENDED, Stage.LEAVING, Stage.LEFT)
    ]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=4, frameon=False, fontsize=7.5)
