"""What is wrong at the centre itself: room on its disk, its own certificates. Refuses to look at any actor."""

import shutil
from collections.abc import Callable, Sequence

from bavn.app.config.load import CentreFile
from bavn.app.process.party_keys import PartyKeys
from bavn.centre.desk.alarms import Wrong
from bavn.model.counted import days as counted_days
from bavn.model.health import SERVER_CERTIFICATE_DAYS_MIN, ends_soon
from bavn.model.moment import DAY_US
from bavn.model.ports import Clock
from bavn.model.text import Text


def own_alarms(file: CentreFile, clock: Clock) -> Callable[[], Sequence[Wrong]]:
    """Asked each quarter of a minute by the running centre."""
    keys = PartyKeys(file.folder, "centre")

    def look() -> Sequence[Wrong]:
        wrongs = []
        free_mb = shutil.disk_usage(file.folder).free >> 20
        if free_mb < file.place.disk_free_mb_min:
            wrongs.append(Wrong("", "disk", Text("{free_mb} MB left", free_mb=free_mb)))
        ends = min(keys.ends_us().values(), default=None)
        if ends is not None and ends_soon(ends, clock.now_us(), SERVER_CERTIFICATE_DAYS_MIN):
            days = (ends - clock.now_us()) // DAY_US
            text = (
                Text("it has ended") if days < 0 else Text("{days} left: restart the centre", days=counted_days(days))
            )
            wrongs.append(Wrong("", "certificate", text))
        return wrongs

    return look
