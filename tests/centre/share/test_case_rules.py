"""Gate 3 on cases: a second look that trusts nothing of how a part or verdict was made."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.centre.share.case_rules import CaseGrounds, nobody_named, plainly
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.observable import Observable
from bavn.model.sector.work import Part, PartTask, PartWords, SectorVerdict
from bavn.model.statement import Judging, Telling
from tests.builders import CASE, EVIL, NOW_US

from .test_share import world  # noqa: F401  the same world

OTHER = Observable.of("ip4", "198.51.100.7")


def a_part(**other):
    plain = {
        "case_id": CASE,
        "state": "confirmed",
        "rsit": "",
        "techniques": ("T1071",),
        "tlp": Tlp.AMBER,
        "pap": Pap.GREEN,
        "own": (EVIL,),
        "tasks": (),
        "words": (),
        "clocks": (),
    }
    return Telling(to="east", version=1, part=Part(**plain | other))


def a_verdict(**other):
    plain = {"case_id": CASE, "judged": "benign", "observables": (EVIL,), "until_us": NOW_US + 10}
    return Judging(to="east", version=1, verdict=SectorVerdict(**plain | other))


def grounds(**other):
    plain = {
        "tlp": Tlp.AMBER,
        "others": ("north", "region-nord"),
        "reported": frozenset({EVIL}),
        "by": "anne",
        "groups": 2,
    }
    return CaseGrounds(**plain | other)


def words(text):
    return (PartWords(at_us=NOW_US, by="centre", text=text),)


def task(text):
    return (PartTask(id="0" * 32, kind="task", text=text, state="open", due_us=(1, 2, 3)),)


@pytest.mark.parametrize(
    ("said", "why", "rule"),
    [
        (a_part(), grounds(), None),
        (a_part(), None, "own_only"),
        (a_part(own=(EVIL, OTHER)), grounds(), "own_only"),
        (a_part(own=()), grounds(reported=frozenset()), "own_only"),
        (a_part(own=()), grounds(reported=frozenset(), by_hand=True), None),
        (a_part(), grounds(tlp=Tlp.RED), "marking"),
        (a_part(), grounds(tlp=Tlp.RED, by_hand=True), None),
        (a_part(case_id="case-north"), grounds(), "nobody_named"),
        (a_part(merged_into="case-north"), grounds(), "nobody_named"),
        (a_part(rsit="north/region"), grounds(), "nobody_named"),
        (a_part(words=words("Seen at Region Nord first")), grounds(), "nobody_named"),
        (a_part(tasks=task("Ask north")), grounds(), "nobody_named"),
        (a_part(words=words("Seen in the north-west")), grounds(), "nobody_named"),
        (a_part(words=words("Northern lights")), grounds(), None),
        (a_part(words=(PartWords(at_us=1, by="actor", text="we asked north"),)), grounds(), None),
        (replace(a_part(), to="zulu"), grounds(), "to_member"),
        (a_verdict(), grounds(), None),
        (a_verdict(), grounds(by=""), "verdict"),
        (a_verdict(), grounds(groups=1), "verdict"),
        (a_verdict(observables=()), grounds(), "verdict"),
        (a_verdict(observables=(Observable.of("ip4", "10.0.0.1"),)), grounds(), "verdict"),
        (a_verdict(judged="withdrawn"), grounds(), "verdict"),
        (a_verdict(judged="withdrawn", observables=()), grounds(by="", groups=0), None),
        (a_verdict(), grounds(tlp=Tlp.RED), "marking"),
        (a_verdict(judged="withdrawn", observables=(), until_us=0), grounds(tlp=Tlp.RED), None),
    ],
)
def test_each_rule_refuses_what_it_is_there_for_with_one_line(world, said, why, rule) -> None:  # noqa: F811
    refused = world.share.say(said, why)
    assert (refused.rule if refused else None) == rule
    (line,) = world.lines()
    assert (line.verdict, line.rule) == (("refused", rule) if rule else ("passed", ""))
    assert len(world.heard_by("east")) == (0 if rule else 1)


@given(
    before=st.text(max_size=6),
    after=st.text(max_size=6),
    name=st.sampled_from(["region-nord", "Region Nord", "REGION_NORD", "region–nord", "Regiön  Nord", "ｒegion nord"]),
)
def test_a_name_is_found_however_it_is_written(before, after, name) -> None:
    part = a_part(words=words(f"{before} {name}. {after}"))
    assert nobody_named(part, grounds()).rule == "nobody_named"


def test_danish_letters_are_read_as_the_names_spell_them() -> None:
    assert plainly("Kommune Ærø") == "kommune-aeroe"
    assert nobody_named(a_part(words=words("hos Ærø kommune")), grounds(others=("aeroe",))).rule == "nobody_named"
