import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.app.config import read_node, read_toml
from bavn.model.settings import SettingsError


def test_a_small_file_is_enough(tmp_path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n')
    config = read_node(file)
    assert config.folder == tmp_path.resolve() / "data"
    assert config.door.weak_t_min == 3


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
