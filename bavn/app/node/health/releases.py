"""Programs that read for a node and are past their support: said, and no alarm, since nothing promised fails by it."""

from bavn.actor.sense.account import Figures
from bavn.actor.sense.suricata.release import ended_on
from bavn.model.moment import as_datetime
from bavn.model.text import Text


def past_support(source: Figures, now_us: int) -> Text | None:
    """What a person should do about a source's program; None where it is mended, or nobody knows which it is."""
    release = source.counts.get("suricata_release", 0)
    day = ended_on(release, as_datetime(now_us).date())
    if day is None:
        return None
    return Text(
        "{source}: Suricata {release} is past its support, which ended on {day}; take a later one",
        source=source.name,
        release=release,
        day=day.isoformat(),
    )
