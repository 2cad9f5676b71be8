"""Priority: reasons with points, from the register alone, within limits; and the rank goes by it."""

from dataclasses import replace

from bavn.centre.correlate.context import Context
from bavn.centre.correlate.priority import points_of, reasons_of, without_supplier
from bavn.centre.correlate.run import correlate
from bavn.model.observable import Observable
from bavn.model.sector.functions import FUNCTIONS, Role
from bavn.model.sector.lead import Reason
from bavn.model.text import Text

NOW_US = 1_700_000_000_000_000
ROLES = {
    "anna": Role(("laboratory", "surgery"), ("dxc",)),
    "bodil": Role(("laboratory",), ("dxc", "kmd")),
    "clara": Role((), ("kmd",)),
    "ditte": Role(tuple(FUNCTIONS), ("dxc", "kmd", "netic")),
}
CONTEXT = Context(now_us=NOW_US, roles=ROLES)


def test_functions_and_shared_suppliers_are_reasons_with_limited_points() -> None:
    reasons = {reason.name: reason for reason in reasons_of(("anna", "bodil"), CONTEXT)}
    assert {name: reason.points for name, reason in reasons.items()} == {
        "function:surgery": 1.5,
        "function:laboratory": 1.0,
        "supplier:dxc": 1.0,
    }
    assert reasons["function:laboratory"].why.en == "Touches laboratory: anna, bodil."
    assert reasons["function:laboratory"].why.da == "Rammer laboratorium: anna, bodil."
    assert "leverandøren dxc" in reasons["supplier:dxc"].why.da
    assert reasons_of(("anna", "emma"), Context(now_us=NOW_US)) == ()
    assert not [r for r in reasons_of(("bodil",), CONTEXT) if r.name.startswith("supplier:")]
    everything = Context(now_us=NOW_US, roles=dict.fromkeys(("anna", "bodil", "clara"), ROLES["ditte"]))
    settings = everything.settings
    assert points_of(("anna", "bodil", "clara"), everything) == (
        settings.functions_points_max + settings.suppliers_points_max
    )
    assert all(reason.points >= 0 for reason in reasons_of(("anna", "bodil"), everything))


def test_the_rank_goes_by_priority_and_a_common_supplier_is_said(sign) -> None:
    plain = [sign(actor=name, observable=Observable.of("domain", "plain.example")) for name in ("emma", "freja")]
    touched = [
        sign(actor=name, observable=Observable.of("domain", "touched.example"), p_bucket=7)
        for name in ("anna", "bodil")
    ]
    before = correlate(plain + touched, Context(now_us=NOW_US), {})
    after = correlate(plain + touched, CONTEXT, {})
    assert [r.lead.observables[0].value for r in before] == ["plain.example", "touched.example"]
    assert [r.lead.observables[0].value for r in after] == ["touched.example", "plain.example"]
    assert after[0].lead.score == before[1].lead.score
    assert after[0].lead.priority == after[0].lead.score + 3.5
    signs = [sign(actor=name) for name in ("anna", "clara", "emma")]
    (ranked,) = correlate(signs, Context(now_us=NOW_US), {})
    lead = ranked.lead

    def words(roles):
        return [text.en for text in without_supplier(lead, roles)]

    apart = {"anna": Role((), ("dxc",)), "clara": Role((), ("kmd",))}
    assert words({}) == ["Whether they share a supplier is not known: suppliers are registered for 0 of 3 actors."]
    assert words(apart) == [
        "No supplier in common was found among those registered for 2 of 3 actors; for the others none is registered."
    ]
    assert words(apart | {"emma": Role((), ("netic",))}) == [
        "No supplier in common was found among those registered for 3 actors."
    ]
    assert words(apart | {"emma": Role((), ("kmd",))}) == [], "the next ranking names it"
    shared = replace(lead, reasons=(Reason("supplier:kmd", 1.0, Text("{n}", n=1)),))
    assert without_supplier(shared, {}) == ()
