import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.app.config.load import read_node, read_toml
from bavn.app.node.protect import never_block, packet_filter_of, zone_service_of
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.model.observable import Observable
from bavn.model.settings import SettingsError


def test_a_small_file_is_enough(tmp_path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n')
    config = read_node(file)
    assert config.folder == tmp_path.resolve() / "data"
    assert config.door.weak_t_min == 3


@pytest.mark.parametrize(
    ("host", "kind"),
    [("sac.example.dk", "domain"), ("192.0.2.10", "ip4"), ("2001:db8::10", "ip6"), ("centre", ""), ("centre.", "")],
)
def test_the_centre_is_never_blocked_and_may_have_a_name_of_one_word(tmp_path, host, kind) -> None:
    """A service of a compose file has one word, which no indicator can name."""
    file, place = tmp_path / "node.toml", f"[{host}]" if kind == "ip6" else host
    file.write_text(f'[node]\nactor = "north"\ncentre_url = "https://{place}:8443"\n')
    never = never_block(read_node(file))
    if kind:
        assert never.hit(Observable.of(kind, host)) == "centre"


def test_the_policy_beside_it_counts(tmp_path) -> None:
    (tmp_path / "node.toml").write_text('[node]\nactor = "north"\n')
    (tmp_path / "policy.toml").write_text("[door]\nreports_per_day_max = 5\n")
    assert read_node(tmp_path / "node.toml").door.reports_per_day_max == 5


@pytest.mark.parametrize(
    ("node", "policy", "words"),
    [
        ("", "", "actor must be a name"),
        ('[node]\nactor="North"\n', "", "actor must be a name"),
        ('[node]\nactor="north"\nhomes=["10.0.0.1/8"]\n', "", "no network"),
        ('[node]\nactor="north"\n[nod]\n', "", r"no table is called \[nod\]"),
        ('[node]\nactor="north"\nactr=1\n', "", "no setting is called 'actr'"),
        ("[node\n", "", "is no TOML"),
        ("node = 3\n", "", "must be a table"),
        ('[node]\nactor="north"\n', "[door]\nreveal_domain='maybe'\n", "reveal_domain must be one of"),
        ('[node]\nactor="north"\n', "[door]\nleave_out=['domain:-']\n", "no observable"),
        ('[node]\nactor="north"\n', "[protect]\nblock_days_max=0\n", "at least 1 days"),
    ],
)
def test_what_is_wrong_is_one_clear_error_with_the_file(tmp_path, node, policy, words) -> None:
    (tmp_path / "node.toml").write_text(node)
    if policy:
        (tmp_path / "policy.toml").write_text(policy)
    with pytest.raises(SettingsError, match=words) as caught:
        read_node(tmp_path / "node.toml")
    assert str(caught.value).startswith(str(tmp_path))


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(tmp_path_factory, raw) -> None:
    file = tmp_path_factory.mktemp("c") / "x.toml"
    file.write_bytes(raw)
    try:
        read_toml(file)
    except SettingsError as error:
        assert str(file) in str(error)


def test_a_file_that_is_not_there_is_told_how_to_be_named(tmp_path) -> None:
    with pytest.raises(SettingsError, match=r"node.toml is not there: name it with --config"):
        read_node(tmp_path / "node.toml")


def test_a_hook_that_the_kernel_has_not_is_one_clear_error(tmp_path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "region-nord"\n[enforce]\nnft_hooks = ["prerouting"]\n')
    with pytest.raises(Stop, match="nft_hooks: nftables looks at packets in forward, input, output") as stopped:
        packet_filter_of(read_node(file), SystemClock())
    assert stopped.value.code is Exit.CONFIGURATION


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ('zone_listen = "127.0.0.1@0"', "nobody may fetch"),
        ('zone_secondaries = ["127.0.0.1"]', "need zone_listen"),
        ('zone_listen = "127.0.0.1@0"\nzone_key = "bavn:hmac-md5:eA=="', "algorithm"),
        ('zone_listen = "127.0.0.1@0"\nzone_key = "bavn:hmac-sha256:eA=="', "at least 16 bytes"),
        ('zone_listen = "localhost"\nzone_secondaries = ["127.0.0.1"]', "localhost"),
        ('zone_listen = "127.0.0.1@66000"\nzone_secondaries = ["127.0.0.1"]', "no address@port"),
        ('zone_listen = "192.0.2.1@0"\nzone_secondaries = ["127.0.0.1"]', "cannot listen"),
    ],
)
def test_a_zone_that_cannot_be_served_is_one_clear_error(tmp_path, words, why) -> None:
    file = tmp_path / "node.toml"
    file.write_text(f'[node]\nactor = "region-nord"\n[enforce]\n{words}\n')
    with pytest.raises(Stop, match=why) as stopped:
        zone_service_of(read_node(file).enforce)
    assert stopped.value.code is Exit.CONFIGURATION
