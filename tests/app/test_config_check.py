"""`bavn config check`: every wrong setting at once, each on a line with its place; nothing is started."""

import json
import os
import socket
import string
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
import tomlkit
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import example, given
from hypothesis import strategies as st

from bavn.app.cli import main
from bavn.app.config.check import NESTED, READERS, ROLES, TABLES, check
from bavn.app.config.load import read_node, read_toml
from bavn.app.config.places import endpoint, lacks
from bavn.app.node.protect import never_block
from bavn.app.policy.refused import refused
from bavn.app.process.exits import Exit
from bavn.model.settings import SettingsError, settings_of

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 26, tzinfo=UTC)
SMALLEST = {
    "node": '[node]\nactor = "klinik"\n',
    "policy": "",
    "centre": "",
    "keyholder": "",
}


def put(folder, text, role="node"):
    file = folder / f"{role}.toml"
    file.write_text(text, encoding="utf-8")
    return file


def found(file, role=None):
    checked = check(file, role)
    return [*checked.found, *lacks(file, checked, NOW)]


def codes(folder, text, role="node"):
    file = put(folder, text, role)
    return [(one.code, one.place.removeprefix(str(file)), one.level) for one in found(file) if one.code != "clock"]


@pytest.mark.parametrize("role", ROLES)
def test_the_smallest_file_of_each_role_is_right_and_its_role_is_known(tmp_path, role) -> None:
    file = put(tmp_path, SMALLEST[role], role)
    assert [one for one in found(file) if one.level != "note"] == []
    assert check(file).role == role


@pytest.mark.parametrize("role", ["node", "centre", "keyholder"])
def test_the_examples_of_the_package_are_right(role) -> None:
    file = ROOT / "packaging" / "etc" / f"{role}.toml"
    assert check(file).found == ()


def test_all_that_is_wrong_is_said_at_once_each_with_its_line(tmp_path) -> None:
    text = (
        '[node]\nactr = "klinik"\nactor = 7\n\n[sense]\neve_fil = "x"\nsilent_s_max = 3\n'
        "memory_mb = 1\n[storre]\na = 1\n"
    )
    assert codes(tmp_path, text) == [
        ("unknown", ":2", "error"),
        ("setting", ":3", "error"),
        ("unknown", ":6", "error"),
        ("unknown", ":7", "error"),
        ("setting", ":8", "error"),
        ("unknown", ":9", "error"),
    ]
    said = [one.text.en for one in check(tmp_path / "node.toml").found]
    assert said[0].endswith("did you mean actor?")
    assert said[3].endswith("it belongs in [health]")
    assert "at least 64 MB" in said[4]
    assert said[5].endswith("did you mean store?")


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("[node]\nactor = ", ":2", "no TOML"),
        ("[node]\nactor = 'Klinik'\n", ":2", "actor must be a name"),
        ("node = 3\n", ":1", "node must be a table"),
        ('[node]\nactor = "klinik"\nhomes = ["10.0.0.0/33"]\n', ":3", "is no network"),
    ],
)
def test_what_the_reader_refuses_is_an_error_in_its_words(tmp_path, text, place, said) -> None:
    file = put(tmp_path, text)
    (one,) = check(file).found
    assert (one.level, one.place) == ("error", f"{file}{place}")
    assert said in one.text.en
    assert str(file) not in one.text.en


def test_a_file_that_is_not_there_or_no_text_or_no_roles(tmp_path) -> None:
    assert [one.code for one in check(tmp_path / "node.toml").found] == ["file"]
    (tmp_path / "node.toml").write_bytes(b"\xff\xfe")
    assert [one.code for one in check(tmp_path / "node.toml").found] == ["file"]
    (tmp_path / "other.toml").write_text('[place]\nfolder = "data"\n')
    assert [one.code for one in check(tmp_path / "other.toml").found] == ["role"]
    assert check(tmp_path / "other.toml", "centre").found == ()


def test_what_is_no_file_is_not_opened_and_is_said_in_the_readers_language(tmp_path, monkeypatch, capsys) -> None:
    loop, pipe, folder, bytes_ = (tmp_path / name for name in ("loop", "pipe", "folder", "bytes"))
    loop.symlink_to(loop)
    os.mkfifo(pipe)
    folder.mkdir()
    bytes_.write_bytes(b"[node]\n# \xff\n")
    said = {}
    for file in (loop, pipe, folder, bytes_):
        (one,) = check(file, "node").found
        assert (one.level, one.code) == ("error", "file")
        assert one.text.en != one.text.da
        said[one.place] = one.text.en
    assert list(said) == [str(loop), str(pipe), str(folder), f"{bytes_}:2"]
    assert not any(words in " ".join(said.values()) for words in ("Errno", "codec", str(tmp_path)))
    for file in (loop, pipe, folder, bytes_):
        monkeypatch.setattr("sys.argv", ["bavn", "config", "check", str(file), "--role", "node"])
        assert main._run() == Exit.CONFIGURATION
        assert "Traceback" not in "".join(capsys.readouterr())
    put(tmp_path, SMALLEST["node"] + 'policy_file = "pipe"\n')
    assert [one.place for one in check(tmp_path / "node.toml").found] == [str(pipe)]


@pytest.mark.parametrize("role", ["node", "centre", "keyholder"])
@pytest.mark.parametrize("what", ["loop", "pipe", "folder", "bytes", "long"])
def test_a_service_refuses_what_is_no_file_in_the_words_of_the_check(tmp_path, monkeypatch, capsys, role, what) -> None:
    file = tmp_path / f"{role}.toml"
    if what == "loop":
        file.symlink_to(file)
    elif what == "pipe":
        os.mkfifo(file)
    elif what == "folder":
        file.mkdir()
    else:
        file.write_bytes(b"[node]\n# \xff\n" if what == "bytes" else b"#" * (1 << 20) + b"\n")
    (one,) = check(file, role).found
    monkeypatch.setattr("sys.argv", ["bavn", role, "run", "--config", str(file)])
    assert main._run() == Exit.CONFIGURATION
    assert capsys.readouterr().err == f"bavn: {one.place}: {one.text.en}\n"


@pytest.mark.parametrize("what", ["loop", "pipe", "folder", "dangling"])
def test_a_policy_that_is_no_file_is_refused_and_never_taken_for_none(tmp_path, what) -> None:
    file, policy = put(tmp_path, SMALLEST["node"]), tmp_path / "policy.toml"
    if what == "pipe":
        os.mkfifo(policy)
    elif what == "folder":
        policy.mkdir()
    else:
        policy.symlink_to(policy if what == "loop" else tmp_path / "nothing")
    assert [(one.level, one.place) for one in check(file).found] == [("error", str(policy))]
    with pytest.raises(SettingsError, match=str(policy)):
        read_node(file)


def test_a_byte_order_mark_and_a_nul_are_said_and_not_met_later(tmp_path) -> None:
    file = put(tmp_path, "\ufeff" + SMALLEST["node"])
    (one,) = check(file).found
    assert (one.place, one.text.en) == (f"{file}:1", "begins with a byte order mark: save it as UTF-8 without one")
    for text in (SMALLEST["node"] + 'folder = "a\\u0000b"\n', SMALLEST["node"] + '[sense]\neve_file = "\\u0000"\n'):
        (one,) = check(put(tmp_path, text)).found
        assert (one.level, "holds a NUL" in one.text.en) == ("error", True)
        with pytest.raises(SettingsError, match="holds a NUL"):
            read_node(file)


def test_a_list_of_what_is_never_blocked_that_is_a_pipe_is_no_wait_without_end(tmp_path) -> None:
    file = put(tmp_path, SMALLEST["node"])
    os.mkfifo(tmp_path / "never")
    (tmp_path / "policy.toml").write_text('[protect]\nnever_block_file = "never"\n')
    (one,) = refused(file, check(file))
    assert (one.level, one.place) == ("error", str(tmp_path / "policy.toml"))
    assert one.text.en == f"{tmp_path}/never: is no file: name the file that the service reads"
    with pytest.raises(SettingsError, match="is no file"):
        never_block(read_node(file))


def test_files_that_are_missing_open_to_all_or_to_come(tmp_path) -> None:
    (tmp_path / "secret").write_text("s")
    (tmp_path / "secret").chmod(0o644)
    text = '[remind]\n\n[oidc]\nclient_secret_file = "secret"\nca_file = "none.pem"\n'
    assert codes(tmp_path, text, "centre")[-2:] == [("secret", ":4", "error"), ("file", ":5", "error")]
    later = SMALLEST["node"] + '[sense]\neve_file = "eve.json"\nlog_files = ["squid:none.log"]\n'
    assert codes(tmp_path, later) == [("file", ":4", "note"), ("file", ":5", "note")]
    beside = SMALLEST["node"] + 'folder = "secret/data"\n'
    assert codes(tmp_path, beside) == [("folder", ":3", "error")]


def test_ports_that_are_wrong_twice_or_taken(tmp_path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        port = line.getsockname()[1]
        text = (
            SMALLEST["node"] + f'[sense]\nnetflow_listen = "127.0.0.1:{port}"\nsflow_listen = "127.0.0.1:70000"\n'
            'syslog_udp_listen = "192.0.2.7:5514"\n[enforce]\nlist_listen = "127.0.0.1:8999"\n'
            'zone_listen = "127.0.0.1@8999"\n'
            'zone_secondaries = ["127.0.0.1@5"]\n'
        )
        assert sorted(codes(tmp_path, text)) == [
            ("endpoint", ":5", "error"),
            ("port", ":4", "note"),
            ("port", ":6", "error"),
            ("port", ":9", "error"),
        ]


def test_certificates_that_have_ended_or_are_somebody_elses(tmp_path) -> None:
    for name, ends in (("old", datetime(2026, 11, 25, tzinfo=UTC)), ("soon", datetime(2026, 12, 1, tzinfo=UTC))):
        key = ec.generate_private_key(ec.SECP256R1())
        who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        made = (
            x509.CertificateBuilder()
            .subject_name(who)
            .issuer_name(who)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
            .not_valid_after(ends)
            .sign(key, hashes.SHA256())
        )
        (tmp_path / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (tmp_path / f"{name}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
        (tmp_path / f"{name}.key").chmod(0o600)
    console = '[console]\ncertificate_file = "{}.pem"\nkey_file = "{}.key"\n'
    told = [
        codes(tmp_path, console.format(*pair), "centre") for pair in (("old", "old"), ("soon", "soon"), ("old", "soon"))
    ]
    assert told == [
        [("expired", ":2", "error")],
        [("expires", ":2", "note")],
        [("certificate", ":2", "error")],
    ]


def test_a_program_or_interface_that_is_not_there(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    text = SMALLEST["node"] + '[sense]\nsuricata_interface = "nix0"\n[enforce]\nresolver_listen = ["127.0.0.1@5399"]\n'
    assert codes(tmp_path, text) == [
        ("interface", ":4", "error"),
        ("program", ":4", "missing"),
        ("program", ":6", "missing"),
    ]


def test_the_command_answers_with_lines_json_and_exit_codes(tmp_path, monkeypatch, capsys) -> None:
    def run(*words):
        monkeypatch.setattr("sys.argv", ["bavn", "config", "check", *words])
        return main._run(), capsys.readouterr().out

    file = str(put(tmp_path, SMALLEST["node"]))
    code, out = run(file)
    assert (code, out.splitlines()[-1]) == (Exit.OK, f"{file}: this node can start with it")
    (tmp_path / "policy.toml").write_text("[door]\nnix = 1\n")
    code, out = run(file, "--language", "da")
    assert code == Exit.CONFIGURATION
    assert f"{tmp_path / 'policy.toml'}:2: fejl: [door] har ingen indstilling 'nix'" in out
    code, out = run(file, "--json")
    told = [json.loads(line) for line in out.splitlines()]
    assert [one["code"] for one in told if one["code"] != "clock"] == ["unknown"]
    assert run(file, "--role", "keyholder")[0] == Exit.CONFIGURATION
    (tmp_path / "policy.toml").unlink()
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    put(tmp_path, SMALLEST["node"] + '[sense]\ncaptures_folder = "."\n')
    assert run(file)[0] == Exit.MISSING
    assert list(tmp_path.iterdir()) == [tmp_path / "node.toml"], "nothing was made"


@pytest.mark.parametrize(
    ("tables", "name", "said"),
    [
        ('[sense]\nlog_files = ["x.log"]\nlog_time_zone = "Europe/Kopenhagen"', "log_time_zone", "Europe/Kopenhagen"),
        ('[sense]\nsyslog_tls_listen = "127.0.0.1:0"', "syslog_tls_listen", "syslog_certificate_file"),
        ('[sense]\nlog_files = ["squidd:/x"]', "log_files", "squidd"),
        ('[sense]\nsyslog_udp_listen = "127.0.0.1:0"\nsyslog_senders = ["abc"]', "syslog_senders", "abc"),
        ('[sense]\nnetflow_listen = "127.0.0.1:2055"\nflow_exporters = ["abc"]', "flow_exporters", "abc"),
        ('[sense]\nnetflow_listen = "127.0.0.1:2055"\nflow_sampling = ["abc"]', "flow_sampling", "abc"),
        ('[enforce]\nzone_listen = "127.0.0.1@5353"', "zone_listen", "nobody may fetch"),
        ('[enforce]\nnft_hooks = ["sideways"]', "nft_hooks", "sideways"),
        ('[enforce]\nsquid_folder = "squid"\nsquid_command = []', "squid_command", "squid never reads"),
        ('[enforce]\nupdate_server = "127.0.0.1"', "update_server", "all three are needed"),
        ('[enforce]\nsuricata_folder = "sets"', "suricata_folder", "needs a suricata_socket"),
        ('[enforce]\nresolver_listen = ["127.0.0.1@5353"]\nresolver_answers = ["x"]', "resolver_", "name=address"),
    ],
)
def test_what_the_start_of_a_node_refuses_the_check_refuses_in_the_same_words(
    tmp_path, monkeypatch, capsys, tables, name, said
) -> None:
    file = put(tmp_path, SMALLEST["node"] + tables + "\n")
    monkeypatch.setattr("sys.argv", ["bavn", "config", "check", str(file)])
    assert main._run() == Exit.CONFIGURATION
    errors = [line for line in capsys.readouterr().out.splitlines() if ": error: " in line]
    told = [line for line in errors if said in line]
    assert len(told) == 1
    at = int(told[0].removeprefix(f"{file}:").partition(":")[0])
    assert file.read_text().splitlines()[at - 1].startswith(name)
    assert list(tmp_path.iterdir()) == [file], "nothing was made"
    words = told[0].partition(": error: ")[2]
    monkeypatch.setattr("sys.argv", ["bavn", "node", "run", "--config", str(file)])
    assert main._run() == Exit.CONFIGURATION
    assert words in capsys.readouterr().err


def test_each_wrong_value_of_a_list_is_told_and_nothing_that_only_follows(tmp_path) -> None:
    tables = '[sense]\nsflow_listen = "127.0.0.1:6343"\nflow_exporters = ["abc", "10.0.0.0/8", "def"]\n'
    file = put(tmp_path, SMALLEST["node"] + tables + '[enforce]\nzone_listen = "::1@5353"\nzone_key = 5\n')
    checked = check(file)
    told = [(one.place.removeprefix(f"{file}:"), one.text.en) for one in refused(file, checked)]
    assert [place for place, _ in told] == ["5", "5"]
    assert ["'abc'" in told[0][1], "'def'" in told[1][1]] == [True, True]


NAMES = sorted({name for kinds in TABLES.values() for kind in kinds.values() for name in settings_of(kind)})
HEADS = sorted({name for kinds in TABLES.values() for name in kinds} | set(NESTED))
TEXTS = st.one_of(
    st.text(alphabet=string.printable, max_size=12),
    st.sampled_from(
        ["", "a\0b", "127.0.0.1:0", "::1@53", "[::1]:9", "10.0.0.0/8", "https://x", "/", ".", "..", "localhost:1"]
    ),
)
SCALARS = st.one_of(st.booleans(), st.integers(-5, 70_000), st.floats(allow_nan=False, allow_infinity=False), TEXTS)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(TEXTS, SCALARS, max_size=2))
SETTINGS = st.dictionaries(st.one_of(st.sampled_from(NAMES), TEXTS), VALUES, max_size=4)
FILES = st.dictionaries(
    st.one_of(st.sampled_from(HEADS), TEXTS),
    st.one_of(SETTINGS, st.dictionaries(TEXTS, SETTINGS, max_size=2), VALUES),
    max_size=4,
)


@given(given_=FILES, role=st.sampled_from(ROLES))
@example(given_={"misp": {"a": False}}, role="centre")
def test_whatever_stands_in_a_file_it_finds_what_the_reader_refuses_and_no_more(tmp_path_factory, given_, role) -> None:
    file = tmp_path_factory.mktemp("c") / f"{role}.toml"
    try:
        file.write_text(tomlkit.dumps(given_), encoding="utf-8")
        tomllib.loads(file.read_text(encoding="utf-8"))
    except (ValueError, TypeError):
        return  # tomlkit writes some that is none
    said = check(file).found
    try:
        READERS[role](read_toml(file), file)
    except SettingsError:
        assert said
    else:
        assert said == ()
    for one in (*said, *refused(file, check(file)), *lacks(file, check(file), NOW)):
        assert (one.text.en + one.text.da + one.place).isprintable()


@given(raw=st.binary(max_size=60))
def test_whatever_bytes_are_no_traceback(tmp_path_factory, raw) -> None:
    file = tmp_path_factory.mktemp("c") / "node.toml"
    file.write_bytes(raw)
    assert all(one.level == "error" for one in check(file).found)


@given(text=st.text(max_size=40))
def test_an_endpoint_is_an_address_and_a_port_or_none(text) -> None:
    where = endpoint(text)
    assert where is None or 0 <= where[1] < 1 << 16


def test_a_node_that_cannot_start_for_want_of_a_certificate_or_key_is_not_passed(tmp_path, monkeypatch, capsys) -> None:
    sector = SMALLEST["node"] + 'centre_url = "https://127.0.0.1:1"\n'
    assert codes(tmp_path, sector) == [("enrol", ":3", "missing")]
    file = put(tmp_path, sector + '[sense]\neve_file = "eve.json"\n')
    (tmp_path / "eve.json").write_text("")
    assert {one.code for one in found(file) if one.level == "missing"} == {"enrol", "no_holders"}
    monkeypatch.setattr("sys.argv", ["bavn", "config", "check", str(file)])
    assert main._run() == Exit.MISSING
    assert "can start with it" not in capsys.readouterr().out
    file = put(tmp_path, sector + 'keyholder_urls = ["https://127.0.0.1:1"]\n[sense]\neve_file = "eve.json"\n')
    assert {one.code for one in found(file) if one.level == "missing"} == {"enrol"}


def test_both_consoles_can_run_on_one_machine_by_default() -> None:
    ports = [TABLES[role]["console"].__dataclass_fields__["listen"].default for role in ("node", "centre")]
    assert len(set(ports)) == 2


def test_all_kinds_of_mistakes_are_told_in_one_run(tmp_path) -> None:
    file = tmp_path / "node.toml"
    file.write_text(
        '[node]\nactor = "A B"\nhomes = ["10.0.0.0/33"]\ndetect_s = "often"\n[sens]\nx = 1\n'
        '[detect]\nallowed_scanners = ["nobody"]\n[evidence]\nring_bytes_max = 5\n'
    )
    (tmp_path / "policy.toml").write_text('[protect]\nclinical_networks = ["ward"]\n[door]\nanswer = 3\n')
    said = [one.text.en for one in check(file).found]
    for words in (
        "detect_s",
        "[sens]",
        "homes",
        "actor must be",
        "allowed_scanners",
        "ring_bytes_max",
        "answer",
        "ward",
    ):
        assert sum(words in text for text in said) == 1, (words, said)
    assert [one.place for one in check(file).found if "actor" in one.text.en] == [f"{file}:2"]
    assert [one.place for one in check(file).found if "allowed_scanners" in one.text.en] == [f"{file}:8"]


def test_of_a_centre_each_tier_and_table_is_told_and_nothing_that_only_follows(tmp_path) -> None:
    file = tmp_path / "centre.toml"
    file.write_text(
        '[remind]\nsmtp_tls = "none"\ntlp_max = "pink"\n'
        "[tiers.A]\nr = 3\nevery_s = 300.0\nupload_s = 400.0\n[tiers.B]\nr = 5\n"
        '[centre]\ntime_zone = "Nowhere"\n'
    )
    found = check(file).found
    said = [one.text.en for one in found]
    for words in ("smtp_tls", "tlp_max", "tiers.A: r ", "tiers.A: upload_s", "tiers.B: r", "Nowhere"):
        assert sum(words in text for text in said) == 1, (words, said)
    assert not any("needs" in text for text in said)
