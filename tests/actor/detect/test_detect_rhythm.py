"""Beacons that are one story: the page's, the list's; and a host that is not ranked among its own others."""

import numpy as np

from bavn.actor.detect.base import Candidate, Found
from bavn.actor.detect.calibrate import NO_REFERENCE, Tally
from bavn.actor.detect.pulse import Pulse
from bavn.actor.detect.rhythm import one_list, one_page, together
from bavn.actor.detect.run import SurveyBackground, survey
from bavn.model.suspicion import RowsRef
from bavn.model.text import Text

MINUTE_US = 60_000_000


class Story:
    def __init__(self, pulse: Pulse) -> None:
        self.pulse = pulse


def pulse(peer: str, *, late_us: int = 0, every_us: int = 2 * MINUTE_US, host: str = "10.0.0.9", **more) -> Story:
    moments = np.arange(20, dtype=np.int64) * every_us + late_us
    named = {"name": None if peer[0].isdigit() else peer, "port": 443, "proto": "tcp", "table": "flow"}
    given = {
        "host": host,
        "peer": peer,
        "inside": False,
        "nats": 7.0,
        "regularity": 1.0,
        "period_s": every_us / 1e6,
        "jitter": 0.0,
        "calls": 20,
        "first_us": int(moments[0]),
        "last_us": int(moments[-1]),
        "moments": moments.tobytes(),
    }
    return Story(Pulse(**(named | given | more)))


def test_one_page_is_what_is_called_at_the_same_moments_and_one_list_what_keeps_one_pace() -> None:
    page = [pulse("a.example"), pulse("b.example", late_us=900_000), pulse("c.example", late_us=2_000_000)]
    assert [len(group) for group in together(page, one_page)] == [3]
    first = pulse("a.example")
    for other in (
        pulse("b.example", late_us=MINUTE_US),
        pulse("b.example", every_us=7 * MINUTE_US),
        pulse("b.example", host="10.0.0.8"),
        pulse("10.0.0.1", inside=True),
        pulse("b.example", moments=b""),
    ):
        assert len(together([first, other], one_page)) == 2
    some = [pulse(f"45.9.1.{n}", late_us=n * 11_000_000) for n in range(1, 5)]
    assert [len(group) for group in together(some, one_list)] == [4]
    assert len(together([pulse("a.example"), pulse("b.example", late_us=MINUTE_US)], one_list)) == 2
    assert len(together([some[0], pulse("45.9.1.9", every_us=5 * MINUTE_US)], one_list)) == 2
    inside = [pulse(f"10.0.1.{n}", every_us=n * MINUTE_US, inside=True, port=3722) for n in range(1, 4)]
    assert [len(group) for group in together(inside, one_list)] == [3]
    assert len(together([inside[0], pulse("10.0.1.9", inside=True, port=445)], one_list)) == 2


class Given:
    name = "beacon"
    technique = "T1071"
    innocent = Text.plain("nobody")
    tables = ()

    def __init__(self, apart: bool) -> None:
        self.apart = apart

    def candidates(self, _) -> Found:
        some = [(f"45.9.1.{n}", "10.0.0.9", 8.0 + n) for n in range(50)] + [("45.9.2.1", "10.0.0.8", 7.0)]
        made = tuple(
            Candidate(
                population="beacon",
                host=host,
                peer=peer,
                story=f"{host} {peer}",
                statistic=statistic,
                observables=(),
                first_us=0,
                last_us=1,
                hosts=1,
                listed=False,
                why=Text("x"),
                rows=RowsRef("flow", (), 0, 1),
                apart=self.apart,
            )
            for peer, host, statistic in some
        )
        return Found(made, {"beacon": Tally.of([*(one[2] for one in some), *[0.0] * 2000])})


def test_what_else_an_intruder_does_at_a_host_pushes_none_of_it_down(made) -> None:
    window = made.window_of(made.cases()[0])
    against = SurveyBackground(reference=NO_REFERENCE)
    together_, alone = (
        {s.peer: s.p for s in survey(window, (Given(apart),), against=against).suspicions} for apart in (False, True)
    )
    assert together_["45.9.1.0"] > 0.02
    assert alone["45.9.1.0"] < 0.001
    assert alone["45.9.2.1"] == together_["45.9.2.1"], "others' hosts count as before"
