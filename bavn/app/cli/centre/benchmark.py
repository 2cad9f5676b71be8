"""`bavn centre benchmark`: one actor's own figures beside the anonymous sector's quartiles, for that actor alone.

Refuses to show two actors at once.
"""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken
from bavn.app.cli.centre.publish import Html, JsonFile, Pdf, WithSources, publishing
from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.centre.desk.benchmarking import Beside


def benchmark(
    actor: Annotated[str, typer.Argument(help="Whose own figures; without it the sector's side alone.")] = "",
    config: Config = CENTRE_TOML,
    *,
    month: Annotated[str, typer.Option(help="Such as 2026-10; the last whole one without it.")] = "",
    html: Html = None,
    pdf: Pdf = None,
    json_file: JsonFile = None,
    sources: WithSources = False,
    language: Spoken = "en",
) -> None:
    """An actor beside the sector's quartiles, to be handed to that actor only. The first asking of a month draws the
    quartiles with noise, once for everybody; asking again costs nothing and gives the same."""
    from bavn.app.centre.publish_parts import rendered, write
    from bavn.app.process.noise import discrete_laplace
    from bavn.app.reports.page import DocumentStatus
    from bavn.app.reports.text import lines
    from bavn.centre.desk.benchmarking import NotMade, TooFew
    from bavn.centre.members.registry import UnknownActor
    from bavn.centre.publish.benchmarks import Spent
    from bavn.model.ports import NoiseDown

    with publishing(config) as (_, opened):
        try:
            beside = opened.benchmarking.beside(actor, month, discrete_laplace)
        except UnknownActor as error:
            raise Stop(Exit.NOT_FOUND, Text.of_error(error)) from error
        except (TooFew, NotMade) as error:
            raise Stop(Exit.NOT_NOW, Text.of_error(error)) from error
        except Spent as error:
            raise Stop(Exit.BROKEN, Text.of_error(error)) from error
        except NoiseDown as error:
            raise Stop(Exit.NOT_NOW, Text("{error}; nothing was released", error=Text.of_error(error))) from error
        document = opened.benchmark(beside)
    if json_file is not None:
        write(json_file, json.dumps(_plain(beside), ensure_ascii=False, indent=1).encode() + b"\n")
    if html is not None:
        write(html, rendered(document, "html", language, DocumentStatus()))
    if pdf is not None:
        write(pdf, rendered(document, "pdf", language, DocumentStatus()))
    written = [str(path) for path in (html, pdf, json_file) if path is not None]
    for line in written or lines(document, language, sources=sources):
        print(line)


def _plain(beside: "Beside") -> dict[str, Any]:
    """For machines: bounds of the intervals in the unit of each figure; null for an open end, or what is not told."""
    from bavn.centre.publish.measures import MEASURES

    sector = beside.sector
    within = {measured.measure: measured.within for measured in sector.measures}
    figures: dict[str, Any] = {}
    for measure in MEASURES:
        three = within.get(measure.id)
        ends = (None, *measure.edges, None)
        figures[measure.id] = {
            "unit": measure.unit,
            "own": beside.own.get(measure.id),
            "quartiles": None
            if three is None
            else [[ends[quartile.first], ends[quartile.last + 1]] for quartile in three],
        }
    return {
        "actor": beside.actor or None,
        "month": sector.month,
        "groups": sector.groups,
        "epsilon": sector.epsilon,
        "epsilon_12_months": sector.year_epsilon,
        "interval": 0.9,
        "figures": figures,
    }
