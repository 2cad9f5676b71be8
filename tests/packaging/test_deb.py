"""What is handed out: the package's layout, the same bytes twice, a signature that holds and each way it must not."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.peers.environment import peer_python

ROOT = Path(__file__).resolve().parents[2]
CONTACT = ("--contact", "mailto:security@example.org")
MADE = pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg-deb is Debian's")


def run(*words, folder=ROOT):
    return subprocess.run(
        words,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1790000000", "PYTHONPATH": ""},
    )


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """A signed release whose package lacks its libraries; the folder, and who may sign."""
    folder = tmp_path_factory.mktemp("release")
    made = run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(folder / "key"))
    assert made.returncode == 0, made.stderr
    (folder / "signers").write_text(f"release@bavn {(folder / 'key.pub').read_text()}")
    done = run("script/release", "--key", str(folder / "key"), *CONTACT, "--thin", str(folder / "out"))
    assert done.returncode == 0, done.stderr
    return folder


def listing(deb):
    lines = run("dpkg-deb", "-c", str(deb)).stdout.splitlines()
    return {line.split()[5].removeprefix("."): (line.split()[0], line.split()[1]) for line in lines}


@MADE
@pytest.mark.slow
def test_the_package_holds_what_a_role_needs_and_starts_nothing(release) -> None:
    (deb,) = (release / "out").glob("bavn-centre_*.deb")
    files = listing(deb)
    for unit in (ROOT / "packaging/systemd").glob("*.service"):
        assert f"/usr/lib/systemd/system/{unit.name}" in files
    for name in (
        "/usr/lib/sysusers.d/bavn.conf",
        "/usr/lib/tmpfiles.d/bavn.conf",
        "/usr/bin/bavn",
        "/opt/bavn/bin/bavn",
        "/usr/share/bavn/drop-in/sensor.conf",
        "/usr/share/bavn/monitoring/bavn-alerts.yml",
        "/usr/share/doc/bavn/examples/node.toml",
        "/usr/share/doc/bavn/operations.md",
        "/usr/share/doc/bavn/reference/configuration.md",
        "/usr/share/doc/bavn-centre/copyright",
    ):
        assert name in files
    assert any(name.endswith("/site-packages/bavn_read_only.pth") for name in files), "nothing is left when it goes"
    assert not any(name.startswith(("/etc/", "/var/")) for name in files), "configuration and data are the actor's"
    assert {owner for _, owner in files.values()} == {"root/root"}
    loose = [name for name, (mode, _) in files.items() if mode[0] != "l" and (mode[8] == "w" or "s" in mode)]
    assert loose == []
    control = run("dpkg-deb", "-f", str(deb)).stdout
    assert "Depends: python3 (>= 3." in control
    for script in ("postinst", "prerm", "postrm"):
        text = (ROOT / "packaging/debian" / script).read_text()
        assert subprocess.run(["sh", "-n"], input=text, text=True, check=False).returncode == 0
        assert "enable" not in text.replace("is enabled", "").replace("that are enabled", "").replace("aa-enabled", "")
        assert set(re.findall(r"\brm\b[^;\n]*", text)) <= {
            'rm -f "$link"',
            'rm -f "$own"',
            'rm -f "$folder/paths.conf"',
        }, "links, and what unbound was allowed"


def test_each_role_locks_what_its_extra_names_and_no_more_than_the_next() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    pins = {
        role: dict(
            re.findall(
                r"^([a-z0-9-]+)(?:\[[a-z,-]+\])?==(\S+)", (ROOT / f"requirements/{role}.txt").read_text(), re.MULTILINE
            )
        )
        for role in ("guard", "node", "centre", "run", "dev")
    }
    wanted = project["dependencies"]
    for role in ("guard", "node", "centre"):
        wanted = [*wanted, *(line for line in extras[role] if not line.startswith("bavn["))]
        assert {re.split(r"[\[<>=]", line)[0].lower() for line in wanted} <= set(pins[role]), role
    assert pins["guard"].items() <= pins["node"].items() <= pins["centre"].items() <= pins["dev"].items()
    assert pins["centre"].items() <= pins["run"].items() <= pins["dev"].items()
    assert not {"numpy", "pyarrow", "duckdb", "sqlalchemy", "llvmlite", "opendp"} & set(pins["guard"])
    assert not {"llvmlite", "opendp", "psycopg"} & set(pins["node"])
    assert "opendp" not in pins["centre"]


@MADE
@pytest.mark.slow
def test_a_machine_has_one_role_and_each_holds_the_one_before(release) -> None:
    held = {}
    for role, units in (("guard", 2), ("node", 3), ("centre", 6)):
        (deb,) = (release / "out").glob(f"bavn-{role}_*.deb")
        held[role] = {name.replace(f"/bavn-{role}/", "/doc/") for name in listing(deb)}
        assert sum(name.endswith(".service") for name in held[role]) == units
        said = dict(line.split(": ", 1) for line in run("dpkg-deb", "-f", str(deb)).stdout.splitlines() if ": " in line)
        others = {f"bavn-{other}" for other in ("guard", "node", "centre")} - {f"bavn-{role}"}
        assert said["Package"] == f"bavn-{role}"
        assert set(said["Conflicts"].split(", ")) == set(said["Replaces"].split(", ")) == {*others, "bavn"}
    ours = {role: {name for name in names if "/doc/" not in name} for role, names in held.items()}
    assert {name for name in ours["guard"] if "bavn-guard" not in name} <= ours["node"]
    assert {name for name in ours["node"] if "bavn-node" not in name} - ours["centre"] == set()


@MADE
@pytest.mark.slow
def test_two_builds_are_the_same_bytes(release, tmp_path) -> None:
    (deb,), (wheel,) = (release / "out").glob("bavn-centre_*.deb"), (release / "out").glob("*.whl")
    again = run("script/deb", "--role", "centre", "--thin", "--wheel", str(wheel), str(tmp_path))
    assert again.returncode == 0, again.stderr
    assert hashlib.sha256((tmp_path / deb.name).read_bytes()).digest() == hashlib.sha256(deb.read_bytes()).digest()


@MADE
@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("lintian"), reason="lintian is not installed (apt-get install lintian)")
def test_lintian_says_nothing_that_was_not_decided(release) -> None:
    (deb,) = (release / "out").glob("bavn-centre_*.deb")
    done = run("script/deb", "--lint-only", str(deb))
    assert done.returncode == 0, done.stdout + done.stderr


def test_lintian_is_heard_but_for_what_others_built(tmp_path) -> None:
    """With a lintian of the test's own, that says one line."""
    place = "opt/bavn/lib/python3.13/site-packages"
    lintian = tmp_path / "lintian"
    for line, code in (
        (f"W: bavn: script-not-executable [{place}/numba/misc/appdirs.py]", 0),
        ("E: bavn: statically-linked-binary [opt/bavn/lib/python3.13/site-packages/duckdb/x]", 0),
        ("I: bavn: hardening-no-fortify-functions [usr/bin/x]", 0),
        (f"W: bavn: script-not-executable [{place}/bavn/app/x.py]", 1),
        ("E: bavn: missing-dependency-on-libc needed by opt/bavn/x and 153 others", 1),
    ):
        lintian.write_text(f"#!/bin/sh\necho '{line}'\n")
        lintian.chmod(0o755)
        done = subprocess.run(
            ["script/deb", "--lint-only", str(lintian)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        )
        assert (done.returncode, done.stderr.strip()) == (code, line if code else ""), line


@MADE
@pytest.mark.slow
def test_a_release_is_whole_and_signed_and_any_change_is_seen(release, tmp_path) -> None:
    def verified(folder, signers=release / "signers"):
        done = run("script/release", "--verify", str(signers), str(folder))
        assert (
            "\n" not in done.stderr.strip().replace("sha256sum: WARNING: ", "").split("FAILED")[-1] or done.returncode
        )
        return done.returncode, done.stdout + done.stderr

    names = {path.name for path in (release / "out").iterdir()}
    assert {name.split("0.1.0")[-1] for name in names if "0.1.0" in name} == {
        "-py3-none-any.whl",
        ".tar.gz",
        ".cdx.json",
        ".intoto.json",
        "+thin_all.deb",
    }
    assert verified(release / "out")[0] == 0
    for change in ("file", "sums", "more", "none"):
        copy = tmp_path / change
        shutil.copytree(release / "out", copy)
        (bill,) = copy.glob("*.cdx.json")
        if change == "file":
            bill.write_text(bill.read_text() + " ")
        elif change == "sums":
            (copy / "SHA256SUMS").write_text((copy / "SHA256SUMS").read_text().replace("0", "1", 1))
        elif change == "more":
            bill.unlink()
        else:
            (copy / "SHA256SUMS.sig").unlink()
        code, said = verified(copy)
        assert code == (5 if change == "none" else 6), said
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other"))
    (tmp_path / "signers").write_text(f"other@bavn {(tmp_path / 'other.pub').read_text()}")
    assert verified(release / "out", tmp_path / "signers")[0] == 6


@MADE
@pytest.mark.slow
def test_where_a_release_comes_from_is_as_in_toto_and_slsa_have_it(release, tmp_path) -> None:
    """Read by in-toto's own library, which refuses a field that it does not know."""
    out = release / "out"
    (made,) = out.glob("*.intoto.json")
    code = """
import sys
from google.protobuf.json_format import MessageToDict, Parse, ParseDict
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
told = Parse(sys.stdin.read(), statement_pb2.Statement())
Statement.copy_from_pb(told).validate()
ParseDict(MessageToDict(told)["predicate"], provenance_pb2.Provenance())
"""
    read = subprocess.run(
        [peer_python("release"), "-c", code], input=made.read_text(), capture_output=True, text=True, check=False
    )
    assert read.returncode == 0, read.stderr
    told = json.loads(made.read_text())
    subjects = {one["name"]: one["digest"]["sha256"] for one in told["subject"]}
    others = {path for path in out.iterdir() if path != made and not path.name.startswith("SHA256SUMS")}
    assert subjects == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in others}
    built = told["predicate"]["buildDefinition"]
    from_what = {one["name"]: one["digest"] for one in built["resolvedDependencies"]}
    pins = hashlib.sha256((ROOT / "requirements/centre.txt").read_bytes()).hexdigest()
    assert from_what["requirements/centre.txt"] == {"sha256": pins}
    head = run("git", "rev-parse", "HEAD")
    assert from_what.get("source", {}).get("gitCommit", "") == (head.stdout.strip() if head.returncode == 0 else "")
    assert built["externalParameters"]["thin"] is True


@MADE
@pytest.mark.slow
def test_whom_to_tell_of_a_hole_is_as_its_rfc_has_it(release) -> None:
    """Read by sectxt, which those use who look at the security.txt of whole countries."""
    code = """
import json, sys
from sectxt import Parser
told = Parser(open(sys.argv[1], "rb").read())
print(json.dumps([one["code"] for one in told.errors] + sorted(told._values)))
"""
    read = subprocess.run(
        [peer_python("release"), "-c", code, release / "out/security.txt"], capture_output=True, text=True, check=False
    )
    assert read.returncode == 0, read.stderr
    assert json.loads(read.stdout) == ["contact", "expires", "preferred-languages"]


@MADE
@pytest.mark.slow
@pytest.mark.gpg
@pytest.mark.apt
def test_the_same_tree_makes_the_same_again_also_with_an_apt_repository_beside_it(
    release, tmp_path, openpgp, monkeypatch
) -> None:
    monkeypatch.setenv("GNUPGHOME", str(openpgp.home))
    repository = ("--apt-key", openpgp.fingerprint, "--apt-uri", "https://packages.example.org/bavn")
    out = tmp_path / "out"
    again = run("script/release", "--key", str(release / "key"), *CONTACT, *repository, "--thin", str(out))
    assert again.returncode == 0, again.stderr
    lines = (out / "SHA256SUMS").read_text().splitlines()
    assert [line for line in lines if "  apt/" not in line] == (release / "out/SHA256SUMS").read_text().splitlines()
    debs = sorted(path.name for path in out.glob("*.deb"))
    assert len(debs) == 3
    assert {line.split("  ")[1] for line in lines if "  apt/" in line} == {
        "apt/bavn.sources",
        "apt/dists/stable/InRelease",
        "apt/dists/stable/main/binary-amd64/Packages",
        "apt/dists/stable/main/binary-amd64/Packages.xz",
        *(f"apt/pool/{deb}" for deb in debs),
    }
    assert run("script/release", "--verify", str(release / "signers"), str(out)).returncode == 0
    sources = out / "apt/bavn.sources"
    sources.write_text(sources.read_text().replace("packages.", "others."))
    done = run("script/release", "--verify", str(release / "signers"), str(out))
    assert (done.returncode, "apt/bavn.sources" in done.stdout) == (6, True)


def test_a_release_says_what_it_lacks(tmp_path) -> None:
    assert run("script/release").returncode == 2
    assert [run("script/deb", *words).returncode for words in ((), ("--nothing",), ("--role", "else"))] == [2, 2, 2]
    (tmp_path / "key").write_text("no key")
    for contact in ((), ("--contact", "security@example.org"), ("--contact", "http://example.org")):
        done = run("script/release", "--key", str(tmp_path / "key"), *contact, str(tmp_path / "out"))
        assert (done.returncode, "where holes are told" in done.stderr) == (2, True), done.stderr
    done = run("script/release", "--key", str(tmp_path / "key"), *CONTACT, str(tmp_path / "out"))
    assert (done.returncode, "no private key" in done.stderr) == (4, True)
    assert not (tmp_path / "out").exists()
    assert run("script/release", "--key", str(tmp_path / "key"), *CONTACT, "--apt-key", "A" * 40).returncode == 2
