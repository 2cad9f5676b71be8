"""Which elements become one campaign: by a story, by a rare certificate, by a chain of techniques; and which do not."""

from bavn.centre.correlate.context import Context
from bavn.centre.correlate.run import correlate
from bavn.model.intel.behaviour import bands_of, chain
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable

NOW_US = 1_700_000_000_000_000
HOUR = NOW_US // HOUR_US
CONTEXT = Context(now_us=NOW_US)
FIRST, LAST = Observable.of("domain", "evil.example.com"), Observable.of("domain", "vile.example.net")
CERT = Observable.of("cert", "ab" * 32)
CHAIN = chain(["T1071.001", "T1048"], bands_of(600.0)[0])
STORY = {"period_bucket": 2, "regularity_bucket": 4, "last_hour": HOUR}


def on(sign, observable, actors, **given_):
    return [
        sign(
            report_id=f"{observable}-{actor}",
            actor=actor,
            observable=observable,
            **STORY | {"first_hour": HOUR - 9 - len(actor)} | given_,
        )
        for actor in actors
    ]


def one_lead(signs, *observables):
    return set(observables) in [set(ranked.lead.observables) for ranked in correlate(signs, CONTEXT, {})]


def test_what_shares_a_rare_certificate_or_a_rhythm_with_a_chain_is_one_campaign(sign):
    signs = on(sign, FIRST, ("anna", "bodil")) + on(sign, LAST, ("clara", "ditte"))
    assert not one_lead(signs, FIRST, LAST)
    assert one_lead(signs + on(sign, CERT, ("anna", "bodil", "clara", "ditte")), FIRST, LAST, CERT)
    assert one_lead(signs + on(sign, CERT, ("bodil", "clara")), FIRST, LAST, CERT)
    signs = on(sign, FIRST, ("anna", "bodil")) + on(sign, CERT, ("bodil", "clara"), p_bucket=9)
    assert not one_lead(signs, FIRST, CERT)
    wide = on(sign, FIRST, ("anna", "bodil")) + on(sign, CERT, ("bodil", *(f"actor-{n}" for n in range(12))))
    assert not one_lead(wide, FIRST, CERT)
    irregular = {"period_bucket": None, "regularity_bucket": None}
    signs = on(sign, FIRST, ("anna", "bodil"), **irregular) + on(sign, CERT, ("bodil", "clara"), **irregular)
    assert not one_lead(signs, FIRST, CERT)
    told = on(sign, CHAIN, ("anna", "bodil"), detector="chain", technique="T1048", first_hour=HOUR - 40)
    assert one_lead(told + on(sign, FIRST, ("anna", "bodil")), CHAIN, FIRST)
    for change in (
        {"period_bucket": 6},
        {"regularity_bucket": 1},
        {"technique": "T1046"},
        {"first_hour": HOUR - 40 - 49},
    ):
        assert not one_lead(told + on(sign, FIRST, ("anna", "bodil"), **change), CHAIN, FIRST)
    assert not one_lead(told + on(sign, FIRST, ("anna", "clara")), CHAIN, FIRST)
    many = ("anna", "bodil", *(f"actor-{n}" for n in range(6)))
    assert not one_lead(told + on(sign, FIRST, many), CHAIN, FIRST)
    signs = on(sign, CHAIN, ("anna", "bodil"), detector="chain", technique="T1048")
    assert one_lead(signs, CHAIN)
