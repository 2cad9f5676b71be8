"""The centre's configuration: every field explained, wrong ones refused by name; the law of sharing fitted in time."""

from dataclasses import fields
from pathlib import Path

import pytest

from bavn.app.config.load import centre_of
from bavn.centre.books.leads import SqlLeadBook, histograms
from bavn.centre.books.tables import METADATA, make_missing
from bavn.centre.correlate.lists import NoLists, WarningLists
from bavn.centre.correlate.sharing import Fit, Seen
from bavn.centre.correlate.tier import TIERS, Tier
from bavn.centre.node.config import CentreConfig, CentreLimits
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.settings import SettingsError

FILE = Path("centre.toml")


@pytest.mark.parametrize("kind", [CentreLimits, Tier])
def test_every_field_says_what_it_holds(kind):
    for entry in fields(kind):
        about = entry.metadata["about"]
        assert about.holds.endswith(".")
        if isinstance(entry.default, int | float) and not isinstance(entry.default, bool):
            assert about.low is not None
            assert about.high is not None
            assert about.low <= entry.default <= about.high


def test_the_tiers_the_commons_and_a_table_become_the_configuration() -> None:
    assert [(tier.name, tier.t, tier.m, tier.r, tier.every_s) for tier in TIERS] == [
        ("A", 2, 1000, 10, 300.0),
        ("B", 3, 10_000, 10, 3600.0),
        ("A-daily", 2, 1000, 20, 86_400.0),
        ("B-daily", 3, 10_000, 20, 86_400.0),
    ]
    config = centre_of(
        {
            "centre": {"sector": "health", "register": ["domain:sundhed.example.dk"]},
            "tiers": {"A": {"every_s": 20, "upload_s": 2, "wave_s": 1, "reveal_s": 10}},
        },
        FILE,
    ).centre
    assert config.limits.registered == {Observable.of("domain", "sundhed.example.dk")}
    assert [(tier.name, tier.every_us) for tier in config.tiers] == [("A", 20_000_000)]
    assert centre_of({}, FILE).centre.tiers == TIERS
    given = centre_of({}, FILE).centre
    assert [tier.name for tier in given.rounds][-1] == "Commons"
    assert centre_of({"commons": {"daily": False}}, FILE).centre.rounds == given.tiers
    assert CentreConfig().rounds == CentreConfig().tiers
    assert centre_of({"commons": {"m": 100_000}}, FILE).centre.rounds[-1].m == 100_000


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"centr": {}}, r"no table is called \[centr\]"),
        ({"score": {"novelty_days": 5}}, r"no table is called \[score\]"),
        ({"centre": {"sectr": "x"}}, "no setting is called 'sectr'"),
        ({"centre": {"register": ["sundhed.dk"]}}, "centre.register"),
        ({"tiers": {"A": {"m": 0}}}, "tiers.A.m must be at least 1"),
        ({"tiers": {"A": {"upload_s": 300.0}}}, "upload_s must be less than every_s"),
        ({"tiers": {"A": {"wave_s": 3000.0}}}, "wave_s must not exceed reveal_s"),
        ({"tiers": {"A": {"r": 9}}}, "r must be even"),
        ({"tiers": [1]}, "tiers are tables"),
        ({"tiers": {"A": 1}}, "tiers are tables"),
    ],
)
def test_a_wrong_table_names_what_is_wrong(table, words):
    with pytest.raises(SettingsError, match=words):
        centre_of(table, FILE)


def test_histograms_count_independent_groups_and_fits_are_kept_with_their_day(sign, databases):
    evil, other = Observable.of("domain", "evil.example.com"), Observable.of("ip4", "198.51.100.7")
    signs = [
        sign(report_id="1", actor=account("anna"), observable=evil, tier="B"),
        sign(report_id="2", actor="bodil", observable=evil, tier="B"),
        sign(report_id="3", actor="clara", observable=evil, tier="A"),
        sign(report_id="4", actor="ditte", group="clara", observable=evil, tier="A"),
        sign(report_id="5", actor=account("anna"), observable=other, tier="A"),
        sign(report_id="6", actor="bodil", observable=other, tier="A"),
    ]
    found = histograms(signs, {"A": 2, "B": 3}, {other: True})
    assert found == {"unlisted/domain": [Seen(3, 2, 1)], "listed/ip4": [Seen(2, 2, 1)]}
    engine = databases.new()
    make_missing(engine, METADATA)
    book = SqlLeadBook(engine)
    assert book.fits() == ({}, 0)
    book.keep_fits({"unlisted/domain": Fit(0.8, 300)}, 7)
    book.keep_fits({}, 9)
    assert book.fits() == ({"unlisted/domain": Fit(0.8, 300)}, 9)
    engine.dispose()


@pytest.mark.slow
def test_the_world_s_lists_know_the_famous_and_not_the_customers_of_the_famous():
    lists = WarningLists()
    assert dict(lists.of(Observable.of("domain", "www.microsoft.com")))["microsoft"] == "service"
    assert lists.of(Observable.of("domain", "a-customer-of-ours.duckdns.org")) == ()
    assert dict(lists.of(Observable.of("ip4", "8.8.8.8"))) == {"public-dns-v4": "service"}
    assert dict(lists.of(Observable.of("ip6", "2606:4700::1111")))["cloudflare"] == "shared"
    empty = Observable.of("sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    assert dict(lists.of(empty))["empty-hashes"] == "service"
    assert NoLists().of(empty) == ()


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"commons": {"m": 20_000}}, "commons.m must be 10000 or 100000"),
        ({"tiers": {"Commons": {"t": 2}}}, "its table is"),
        ({"commons": {"upload_s": 0}}, "upload_s"),
    ],
)
def test_a_commons_round_of_another_size_or_as_a_tier_is_refused(table, says) -> None:
    with pytest.raises(SettingsError, match=says):
        centre_of(table, FILE)
