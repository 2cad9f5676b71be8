"""Which domains are the actor's own: those whose directory is inside, and nobody's who merely asks for such names."""

import pytest

from bavn.actor.detect.detectors.dns_tunnel import DnsTunnel
from bavn.actor.detect.indicators.lists import NO_LISTS
from bavn.actor.detect.queries.home_names import HomeNames, directory_of, home_domains
from bavn.actor.detect.run import SurveyBackground, survey
from bavn.actor.detect.settings import DetectSettings
from bavn.actor.detect.terms import Terms
from bavn.model.settings import SettingsError

SRV = "_ldap._tcp.dc._msdcs.kommune-example.dk"
TUNNEL = {"hosts": ["10.0.0.27"], "domain": "kommune-example.dk", "label": "hex:40", "count": 200, "every_s": 3}


def asks(hosts, name=SRV, resolver="10.0.1.1", **more):
    answer = {"rrname": name, "rrtype": "SRV", "rcode": "NOERROR", "answered": True, **more}
    return {"table": "dns", "sources": hosts, "targets": [resolver], "port": 53, "every_s": 1, "set": answer}


def serves(port=389, server="10.0.1.1", **more):
    flow = {"table": "flow", "sources": ["10.0.0.2"], "targets": [server], "port": port, "every_s": 1, "set": {}}
    return flow | more


def window(made, *rows, **more):
    case = made.Case("dns_tunnel", "hit-x", {"hours": 1, "rows": list(rows), **more})
    return made.MemoryWindow(made.rows_of(case), hours=1, known_days=0)


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("_ldap._tcp.kommune-example.dk", "kommune-example.dk"),
        (SRV, "kommune-example.dk"),
        ("_ldap._tcp.default-first-site-name._sites.gc._msdcs.kommune-example.dk", "kommune-example.dk"),
        ("_ldap._tcp.domaindnszones.ad.kommune-example.dk", "ad.kommune-example.dk"),
        ("_kerberos._udp.kommune-example.dk", "kommune-example.dk"),
        ("_sip._tcp.kommune-example.dk", None),
        ("_ldap._tcp.kommune.local", None),
        ("www.kommune-example.dk", None),
        ("_ldap._tcp.dk", None),
    ],
)
def test_which_directory_a_name_asks_for(name, domain) -> None:
    assert directory_of(name) == domain


def test_ones_own_domain_is_home_by_who_answers_and_weighs_less(made) -> None:
    """A tunnel under it is still told of: what is home is never left out. But it is nothing for others to look for."""
    assert home_domains(window(made, asks(["10.0.0.2"]), serves())) == ("kommune-example.dk",)
    ticket = {"table": "krb5", "sources": ["10.0.0.2"], "targets": ["10.0.1.1"], "port": 88, "every_s": 1}
    said = {"realm": "KOMMUNE-EXAMPLE.DK", "msg_type": "KRB_AS_REP", "success": True}
    assert home_domains(window(made, {**ticket, "set": said})) == ("kommune-example.dk",)
    assert home_domains(window(made, {**ticket, "set": said | {"success": False}})) == ()
    assert home_domains(window(made, {**ticket, "targets": ["45.9.148.1"], "set": said})) == ()
    terms = Terms(window(made, asks(["10.0.0.2"]), serves()), lambda: NO_LISTS, None, ("other-example.dk",))
    assert terms.home_names.domains == ("kommune-example.dk", "other-example.dk")
    seen = window(made, names=[TUNNEL])

    def told(settings: DetectSettings):
        behind = SurveyBackground(known=lambda: NO_LISTS)
        (found,) = survey(seen, (DnsTunnel(),), against=behind, settings=settings).suspicions
        return found

    plain, own = told(DetectSettings()), told(DetectSettings(home_domains=("kommune-example.dk",)))
    assert [str(one) for one in plain.observables] == ["domain:kommune-example.dk"]
    assert own.observables == ()
    assert own.p > plain.p
    assert "a domain of your own" in own.against.en


def test_what_an_implant_may_ask_makes_no_home_and_one_s_own_names_are_known(made) -> None:
    """Its domain's own servers answer through the actor's resolver; the resolver may even be the directory's server."""
    evil = "_ldap._tcp.dc._msdcs.ond-example.com"
    assert home_domains(window(made, asks(["10.0.0.9"], evil))) == ()
    assert home_domains(window(made, asks(["10.0.0.9"], evil, rcode="NXDOMAIN"), serves())) == ()
    assert home_domains(window(made, asks(["10.0.0.9"], evil, resolver="9.9.9.9"), serves(server="9.9.9.9"))) == ()
    members = [f"10.0.0.{n}" for n in range(10, 16)]
    assert home_domains(window(made, asks(members), asks(["10.0.0.9"], evil), serves())) == ("kommune-example.dk",)
    names = HomeNames(("ad.kommune-example.dk",))
    assert names.holds("srv1.ad.kommune-example.dk")
    assert not names.holds("www.kommune-example.dk")
    assert not names.holds("xad.kommune-example.dk")
    assert names.holds_domain("kommune-example.dk")
    assert names.holds("printer.local")
    assert not names.holds_domain("other-example.dk")


@pytest.mark.parametrize("wrong", ["dk", "Kommune.dk", "10.0.0.1", "*.kommune.dk", ""])
def test_a_home_domain_is_a_domain(wrong) -> None:
    with pytest.raises(SettingsError, match="home_domains"):
        DetectSettings(home_domains=(wrong,))
