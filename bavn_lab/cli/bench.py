"""`bavn bench`: the product's figures, made on the reader's own machine. Refuses to compare machines."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from bavn.app.cli.help import Commands
from bavn.app.cli.spread import spread
from bavn.app.process.exits import Exit, Stop

if TYPE_CHECKING:
    from bavn.centre.correlate.laws.fitted import Weights
    from bavn_lab.sectorbench.newness import Cell
    from bavn_lab.sectorbench.run import Result
    from bavn_lab.sectorbench.worlds import Account, World

Part = Literal["fit", "choose", "test"]
Score = Literal["fitted", "assumed"]
ACTORS: Final = (15, 100)
"""So many actors, where nobody says how many."""

app = Commands(help="Measure what Bavn promises, on this machine.")


@app.callback()
def main() -> None:
    """Measure what Bavn promises, on this machine."""


@app.command("psi")
def psi(
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write all figures there.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed: same sets and shares.")] = 1,
    case: Annotated[
        list[str] | None,
        typer.Option(metavar="N,t,M,R", help="Actors, threshold, set, tables (even); may be repeated: these alone."),
    ] = None,
    planted: Annotated[
        int, typer.Option(min=0, max=10_000_000, help="Also plant so many elements of exactly t, R=10, t=2 and 3.")
    ] = 0,
    *,
    big: Annotated[
        bool, typer.Option("--big", help="Also 33 actors of 150,000 and 100 of 100,000: minutes, 3 GB of disk.")
    ] = False,
) -> None:
    """The private join: time, what it missed and what attacks found, beside the published way in the same run."""
    from bavn_lab.sim.psi_bench import BIG, SMALL, NoSize, cases, size_of
    from bavn_lab.sim.psi_planted import Planted, plant

    try:
        sizes = [size_of(text) for text in case or ()] or [*SMALL]
    except NoSize as error:
        raise Stop(Exit.USAGE, f"--case: {error}") from error
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise Stop(Exit.USAGE, f"--json: there is no folder {json_file.absolute().parent}")
    results: list[dict[str, Any]] = []
    for psi_case in cases([*sizes, *(BIG if big else ())], seed):
        print(
            f"N={psi_case.N} t={psi_case.t} M={psi_case.M:,} R={psi_case.R}: {psi_case.cpu_s:.4f} CPU s to reconstruct,"
            f" {psi_case.share_cpu_s:.3f} CPU s a share; published way {psi_case.baseline_cpu_s:.2f} CPU s"
            f" ({psi_case.baseline_says}), {psi_case.ratio:.1f} times as much\n"
            f"    {psi_case.planted} planted, {psi_case.missed} missed (expected {psi_case.missed_expected:.2g}),"
            f" {psi_case.false_groups} false groups, {psi_case.twin_pairs} twins,"
            f" {psi_case.forged_reveals} of {psi_case.forged_tries:,} forged questions answered",
            flush=True,
        )
        results.append(psi_case.told())
    assured: list[Planted] = []
    for t in (2, 3) if planted else ():
        assured.append(plant(t, planted, seed))
        print(f"{assured[-1].in_words}", flush=True)
    if json_file is not None:
        text = json.dumps(
            {"bench": "psi", "seed": seed, "cases": results, "planted": [asdict(a) for a in assured]}, indent=1
        )
        try:
            json_file.write_text(text + "\n", "utf-8")
        except OSError as error:
            raise Stop(Exit.USAGE, f"--json: {json_file} cannot be written ({error.strerror})") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class SectorBench:
    """What is played, how it is ranked, and where the figures go."""

    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write all figures there.")] = None
    actors: Annotated[list[int] | None, typer.Option(min=6, max=400, help="How many actors; may be repeated.")] = None
    seeds: Annotated[int, typer.Option(min=1, max=100, help="How many days, seeds 1 and up.")] = 5
    heldout: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Judge on the captures of this folder, listed in its MANIFEST.csv."),
    ] = None
    plots: Annotated[Path | None, typer.Option(metavar="DIR", help="Draw the figures there (SVG).")] = None
    work: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep there what was seen in captures.")] = None
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Captures and days at a time.")] = 2
    part: Annotated[
        Part, typer.Option("--set", help="Which families: those that tables are fitted on, chosen on, or judged on.")
    ] = "test"
    score: Annotated[
        Score, typer.Option(help="Rank by what was fitted on captures, or by what was assumed before that.")
    ] = "fitted"
    generated: Annotated[bool, typer.Option("--generated", help="A generated sector, whatever captures there are.")] = (
        False
    )
    quick: Annotated[
        bool, typer.Option("--quick", help="Of the table of what is new its two outermost corners alone.")
    ] = False
    commons: Annotated[
        bool,
        typer.Option(
            "--commons/--no-commons", help="Play the commons: what is ordinary next door is offered to no round."
        ),
    ] = True
    appearing: Annotated[
        bool,
        typer.Option(
            "--appearing/--no-appearing", help="Let two join what the commons call appearing, where p is .02 at most."
        ),
    ] = False
    table: Annotated[
        bool, typer.Option("--table", help="The table of what is new alone, without baselines and ablations.")
    ] = False


@app.command("sector")
@spread
def sector(*, options: SectorBench) -> None:
    """What the sector finds that no actor finds alone, at 20 leads a day, beside baselines.

    On the real captures (the folder that BAVN_DATA names, else ../shared/data beside the project), else on a generated
    sector; with --heldout on captures that the project has never seen. Exit code 5 says that there was nothing to
    judge.
    """
    from bavn_lab import sector_world
    from bavn_lab.sectorbench import newness
    from bavn_lab.sectorbench.report import account_in_words, figures_of

    if options.table and options.plots is not None:
        raise Stop(Exit.USAGE, "--plots: the table alone has no pictures")
    _may_be_kept(options.json_file, options.plots)
    say = _timed()
    world, account = _sector_world(options, say)
    if account is not None:
        print(account_in_words(account), flush=True)
    results = [] if options.table else _sector_results(options, world, say)
    cells = _newness_cells(options, world, say)
    print(newness.in_words(cells), flush=True)
    commit = sector_world.commit()
    if options.table:
        facts = {
            "bench": "sector",
            "commit": commit,
            "score": options.score,
            "set": options.part,
            "seeds": options.seeds,
        }
        played = {"commons": options.commons, "appearing": options.appearing}
        _keep({**facts, **played, "newness": [cell.as_json() for cell in cells]}, options.json_file, None)
        return
    figures = {
        **figures_of(results, commit, account, cells),
        "score": options.score,
        "set": options.part,
        "commons": options.commons,
        "appearing": options.appearing,
    }
    _keep(figures, options.json_file, options.plots)
    if not results[0].campaigns:
        raise Stop(Exit.INPUT, "there was nothing to judge: no malicious capture could be read")


def _sector_world(options: SectorBench, say: Callable[[str], None]) -> "tuple[World, Account | None]":
    """Captures or a generated sector, and what became of the captures."""
    from bavn_lab import sector_world
    from bavn_lab.sectorbench.worlds import Captured

    kept = options.work or sector_world.kept_folder()
    choice = sector_world.chosen(
        options.heldout, generated=options.generated, part=options.part, work=kept, jobs=options.jobs, say=say
    )
    world = choice.world
    if isinstance(world, Captured):
        world = replace(world, commons=options.commons, appearing=options.appearing)
    return world, None if choice.account is None else sector_world.without_folder(choice.account)


def _sector_results(options: SectorBench, world: "World", say: Callable[[str], None]) -> "list[Result]":
    """One for each number of actors, said as soon as it is there."""
    from bavn_lab.sectorbench.report import in_words
    from bavn_lab.sectorbench.run import measure

    results, weights = [], _weights(options.score)
    for count in options.actors or ACTORS:
        seeds = range(1, options.seeds + 1)
        results.append(measure(count, seeds, world=world, weights=weights, jobs=options.jobs, say=say))
        print(in_words(results[-1]), flush=True)
    return results


def _newness_cells(options: SectorBench, world: "World", say: Callable[[str], None]) -> "list[Cell]":
    """The table of what is new."""
    from bavn_lab.sectorbench import newness

    return newness.table(
        world,
        options.actors or ACTORS,
        range(1, options.seeds + 1),
        grid=newness.CORNERS if options.quick else newness.GRID,
        weights=_weights(options.score),
        jobs=options.jobs,
        say=say,
    )


def _weights(score: Score) -> "Weights":
    from bavn.centre.correlate.laws.fitted import ASSUMED, shipped

    return shipped() if score == "fitted" else ASSUMED


@app.command("fit")
def fit(
    file: Annotated[Path, typer.Option("--to", metavar="FILE", help="Write the tables there.")],
    seeds: Annotated[int, typer.Option(min=1, max=100, help="How many days of each size, seeds 1 and up.")] = 5,
    work: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep there what was seen in captures.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Captures and days at a time.")] = 2,
) -> None:
    """What a report is worth by detector and p, and which terms of the score count, fitted on real captures.

    Evidence is fitted on the families and benign sites of `fit` and `choose`, as they are and as sites that the
    detectors were not chosen on; terms are chosen by folds of both that are left out, at 15 and 100 actors; `test` is
    not looked at. The product ships its own as bavn/centre/correlate/laws/fitted.json.
    """
    from datetime import UTC, datetime

    from bavn_lab import sector_world
    from bavn_lab.sectorbench import fitting

    _may_be_kept(file, None)
    say = _timed()
    kept = work or sector_world.kept_folder()
    every = [sector_world.to_fit(kept, jobs, say, strange=strange) for strange in (False, True)]
    account = every[0].account
    origin = {
        "data": f"{sum(account.kinds.values())} captures in {Path(account.folder).name} and beside it",
        "set": f"fit and choose, chosen by {sector_world.FOLDS} folds of families and benign sites left out",
        "families": sum(seen > 0 for _, seen in account.families.values()),
        "sites": len(every[0].sites),
        "command": f"bavn bench fit --seeds {seeds}",
        "made": datetime.now(UTC).date().isoformat(),
    }
    tables = fitting.fit(every, range(1, seeds + 1), origin, jobs=jobs, say=say)
    file.write_text(json.dumps(tables, indent=1) + "\n", "utf-8")
    print(fitting.in_words(tables), flush=True)


@app.command("real")
def real(
    data: Annotated[Path, typer.Option(metavar="DIR", help="Folder with inbound/ and organisations/.")],
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write all figures there.")] = None,
    heldout: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder with the same columns that chooses nothing.")
    ] = None,
    plots: Annotated[Path | None, typer.Option(metavar="DIR", help="Draw the figures there (SVG).")] = None,
) -> None:
    """What several real actors met over the same weeks: what the sector could have told each of them, and when.

    Files of contacts from outside (inbound/NAME.csv or .csv.gz: actor, ip4, first, last, count) beside highly
    predictive blacklisting and plain lists, by raw counting and through the private join. Settings are chosen on the
    first half of the days and judged on the second. Exit code 5 says that there was nothing to judge.
    """
    from bavn_lab.realbench.plots import draw
    from bavn_lab.realbench.run import measure
    from bavn_lab.sector_world import commit

    _may_be_kept(json_file, plots)
    for option, folder in (("--data", data), ("--heldout", heldout)):
        if folder is not None and not folder.is_dir():
            raise Stop(Exit.USAGE, f"{option}: there is no folder {folder}")
    say = _timed()
    figures, words, judged = measure(data, heldout, commit(), say)
    print(words, flush=True)
    if json_file is not None:
        try:
            json_file.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
        except OSError as error:
            raise Stop(Exit.USAGE, f"--json: {json_file} cannot be written ({error.strerror})") from error
    if plots is not None:
        draw(figures, plots)
    if not judged:
        raise Stop(Exit.INPUT, f"there was nothing to judge: no file of {data} could be used")


def _timed() -> Callable[[str], None]:
    """Says a line on standard error, with how long it has taken since this was made."""
    begun = time.monotonic()

    def say(line: str) -> None:
        print(f"bavn: [{time.monotonic() - begun:.0f} s] {line}", file=sys.stderr, flush=True)

    return say


def _may_be_kept(json_file: Path | None, plots: Path | None) -> None:
    """Before hours of work: Stop where its figures could not be kept."""
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise Stop(Exit.USAGE, f"--json {json_file}: there is no such folder")
    if plots is not None and find_spec("matplotlib") is None:
        raise Stop(Exit.MISSING, "matplotlib is missing: pip install 'bavn[bench]'")


def _keep(figures: dict[str, object], json_file: Path | None, plots: Path | None) -> None:
    from bavn_lab.sectorbench.plots import draw

    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    if plots is not None:
        draw(figures, plots, "sector")
