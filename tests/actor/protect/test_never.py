"""The never-block list: both directions, the shipped file, and one clear error for every way to write it wrongly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.protect.never import NeverBlock, parents, shipped_text
from bavn.actor.protect.policy import ProtectPolicy
from bavn.model.observable import Observable
from bavn.model.settings import SettingsError

LABELS = st.lists(st.sampled_from("abc"), min_size=2, max_size=5)


def name(labels) -> str:
    return ".".join(labels)


@given(LABELS, LABELS, st.booleans())
def test_a_block_never_covers_what_is_listed_nor_a_listed_tree_a_block(listed, blocked, tree) -> None:
    made = NeverBlock.of(f'[x]\n{"trees" if tree else "names"} = ["{name(listed)}"]', "x")
    hit = made.hit(Observable.of("domain", name(blocked))) is not None
    covers_listed = listed[-len(blocked) :] == blocked
    below_tree = tree and blocked[-len(listed) :] == listed
    assert hit == (covers_listed or below_tree)


def test_the_shipped_list_names_its_reasons_and_no_public_suffix_and_own_domains_are_canonical() -> None:
    made = NeverBlock.of(
        shipped_text(),
        "shipped",
        own_domains=["rh-test.dk"],
        own_networks=["185.19.132.0/24"],
        centre=["sac.example.org", "203.0.114.7"],
        resolvers=["203.0.114.53", "2001:4860:4860::8888"],
    )
    expected = {
        "sundhed.dk": "danish_public",
        "dl.delivery.mp.microsoft.com": "updates",
        "teams.microsoft.com": "sign_in",
        "amazonaws.com": "platforms",
        "rh-test.dk": "own",
        "vpn.rh-test.dk": "own",
        "sac.example.org": "centre",
        "example.org": "centre",
        "org": None,
        "evil.s3.amazonaws.com": None,
        "evil-microsoft.com": None,
    }
    for text, table in expected.items():
        if text != "org":
            assert made.hit(Observable.of("domain", text)) == table, text
    for text, table in {
        "8.8.8.8": "resolvers",
        "203.0.114.53": "resolvers",
        "185.19.132.200": "own",
        "203.0.114.7": "centre",
        "203.0.114.8": None,
        "2620:fe::fe": "resolvers",
        "2620:fe::ff": None,
    }.items():
        assert made.hit(Observable.address(text)) == table, text
    assert made.hit(Observable.of("ja3", "0" * 32)) is None
    made = NeverBlock.of(shipped_text(), "shipped")
    assert not [entry for entry in made.trees if "." not in entry or entry in ("co.uk", "com.dk")]
    assert len(made.trees) + len(made.names) > 100
    assert parents("a.b.c") == ["b.c", "c"]
    assert ProtectPolicy(own_domains=("rm.dk",)).own_domains == ("rm.dk",)
    with pytest.raises(SettingsError, match="own_domains"):
        ProtectPolicy(own_domains=("RM.dk.",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("trees = [", "not TOML"),
        ('trees = ["a.b"]', "must be a table"),
        ('[x]\ntree = ["a.b"]', "no entry is called 'tree'"),
        ('[x]\ntrees = "a.b"', "must be a list of texts"),
        ("[x]\nnames = [1]", "must be a list of texts"),
        ('[x]\nnames = ["a b"]', "is no domain"),
        ('[x]\nnames = ["com"]', "is no domain"),
        ('[x]\nnetworks = ["10.0.0.0/33"]', "no address or network"),
        ('[x]\nnetworks = ["10.0.0.1/8"]', "host bits"),
        ("[x]\nnames = [" + '"a.bc",' * 100_001 + "]", "more than 100000"),
    ],
)
def test_a_wrong_list_is_one_clear_error(text, words) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        NeverBlock.of(text, "/etc/bavn/never.toml")
    assert "/etc/bavn/never.toml" in str(caught.value)


@given(st.text(max_size=80))
def test_any_text_is_a_list_or_a_settings_error(text) -> None:
    try:
        NeverBlock.of(text, "x")
    except SettingsError:
        return
