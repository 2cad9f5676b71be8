"""The apt repository: read by apt itself with one file added, its signature checked, each way it must be refused."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packaging.conftest import new_key

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.gpg, pytest.mark.apt]


def run(*words, home=None, folder=ROOT):
    env = {**os.environ, "SOURCE_DATE_EPOCH": "1790000000", **({"GNUPGHOME": str(home)} if home else {})}
    return subprocess.run(
        [str(word) for word in words], cwd=folder, capture_output=True, text=True, check=False, timeout=120, env=env
    )


def package(folder, version="0.1.0", architecture="all", text="") -> Path:
    """A package of one file: what apt does with it is the same."""
    root = folder / f"root-{version}-{architecture}-{text}"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        f"Package: bavn\nVersion: {version}\nArchitecture: {architecture}\n"
        "Maintainer: Nobody <nobody@example.org>\nDescription: none\n"
    )
    (root / "bavn.txt").write_text(f"{version} {text}\n")
    file = folder / f"bavn_{version}_{architecture}.deb"
    done = run("dpkg-deb", "--root-owner-group", "--build", root, file)
    assert done.returncode == 0, done.stderr
    return file


def repository(folder, openpgp, *debs) -> Path:
    place = folder / "repository"
    done = run("script/apt", "--key", openpgp.fingerprint, "--uri", f"file:{place}", place, *debs, home=openpgp.home)
    assert done.returncode == 0, done.stderr
    return place


class Machine:
    """apt with folders of its own, and no other repository."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("sources.list.d", "lists/partial", "archives/partial", "got"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "apt.conf").write_text(
            f'Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "{folder}/sources.list.d";\n'
            'Dir::Etc::trusted "/dev/null"; Dir::Etc::trustedparts "/dev/null";\n'
            'Dir::Etc::preferencesparts "/dev/null";\n'
            f'Dir::State "{folder}"; Dir::State::status "{folder}/status"; Dir::Cache "{folder}";\n'
            'APT::Sandbox::User ""; APT::Architecture "amd64"; Acquire::Languages "none";\n'
        )

    def add(self, repository):
        shutil.copy(repository / "bavn.sources", self.folder / "sources.list.d/bavn.sources")
        return self

    def apt(self, *words):
        words = (
            "env",
            f"APT_CONFIG={self.folder}/apt.conf",
            "LC_ALL=C",
            "apt-get",
            "-o",
            "APT::Update::Error-Mode=any",
            *words,
        )
        done = run(*words, folder=self.folder / "got")
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path / "machine")


def test_one_file_is_all_that_a_machine_needs(tmp_path, openpgp, machine) -> None:
    deb = package(tmp_path)
    place = repository(tmp_path, openpgp, deb)
    machine.add(place)
    code, words = machine.apt("update")
    assert (code, "W:" in words) == (0, False), words
    code, words = machine.apt("download", "bavn")
    assert code == 0, words
    assert (machine.folder / "got" / deb.name).read_bytes() == deb.read_bytes()


def test_a_later_version_stands_beside_the_earlier_and_each_can_be_had(tmp_path, openpgp, machine) -> None:
    repository(tmp_path, openpgp, package(tmp_path, "0.1.0", "amd64"))
    machine.add(repository(tmp_path, openpgp, package(tmp_path, "0.2.0", "arm64"), package(tmp_path, "0.2.0")))
    assert machine.apt("update")[0] == 0
    assert machine.apt("download", "bavn")[0] == 0
    assert machine.apt("download", "bavn=0.1.0")[0] == 0
    assert sorted(path.name for path in (machine.folder / "got").iterdir()) == [
        "bavn_0.1.0_amd64.deb",
        "bavn_0.2.0_all.deb",
    ]
    assert "Architectures: amd64 arm64\n" in (tmp_path / "repository/bavn.sources").read_text()


def test_what_was_changed_on_the_way_is_refused(tmp_path, openpgp, machine) -> None:
    place = repository(tmp_path, openpgp, package(tmp_path))
    machine.add(place)
    release = place / "dists/stable/InRelease"
    signed = release.read_text()
    release.write_text(signed.replace("Label: Bavn", "Label: Bavm"))
    code, words = machine.apt("update")
    assert (code, "is not signed" in words) == (100, True), words
    release.write_text(signed)
    for index in (place / "dists/stable/main/binary-amd64").iterdir():
        index.write_bytes(index.read_bytes()[:-1] + b" ")
    code, words = machine.apt("update")
    assert (code, "Hash Sum mismatch" in words) == (100, True), words


def test_a_package_that_is_not_the_one_that_was_signed_is_not_taken(tmp_path, openpgp, machine) -> None:
    place = repository(tmp_path, openpgp, package(tmp_path))
    assert machine.add(place).apt("update")[0] == 0
    (deb,) = (place / "pool").iterdir()
    deb.write_bytes(deb.read_bytes()[:-1] + b"\0")
    code, words = machine.apt("download", "bavn")
    assert (code, "Hash Sum mismatch" in words or "unexpected size" in words) == (100, True), words
    assert not (machine.folder / "got" / deb.name).exists()


def test_the_same_name_with_another_key_is_refused(tmp_path, openpgp, machine) -> None:
    place = repository(tmp_path, openpgp, package(tmp_path))
    machine.add(place)
    other = tmp_path / "gnupg"
    other.mkdir(mode=0o700)
    (deb,) = (place / "pool").iterdir()
    repository(tmp_path, new_key(other), deb)
    code, words = machine.apt("update")
    assert (code, "signature" in words.lower() or "no_pubkey" in words.lower()) == (100, True), words
    run("gpgconf", "--homedir", other, "--kill", "all")


def test_the_same_packages_make_the_same_repository(tmp_path, openpgp) -> None:
    """But for the signature, which has its moment."""
    deb = package(tmp_path)
    trees = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        place = repository(tmp_path / name, openpgp, deb)
        trees.append({path.relative_to(place): path.read_bytes() for path in place.rglob("*") if path.is_file()})
    first, second = trees
    assert first.keys() == second.keys()
    differ = {str(path) for path in first if first[path] != second[path].replace(b"/second/", b"/first/")}
    assert differ <= {"dists/stable/InRelease"}
    release = first[Path("dists/stable/InRelease")].decode()
    assert "\nSHA512:\n" in release
    assert "\nMD5Sum:\n" not in release
    assert "\nSHA1:\n" not in release


def test_it_says_what_it_lacks(tmp_path, openpgp) -> None:
    deb = package(tmp_path)

    def code(key, uri, *words):
        done = run("script/apt", "--key", key, "--uri", uri, tmp_path / "out", *words, home=openpgp.home)
        return done.returncode, done.stderr

    mine, place = openpgp.fingerprint, "https://packages.example.org/bavn"
    assert code(mine, place)[0] == 2
    for key in ("Repository", mine[-16:], mine.lower()):
        assert code(key, place, deb)[0] == 2
    for uri in ("http://packages.example.org", "packages.example.org", "https://a b"):
        assert code(mine, uri, deb)[0] == 2
    assert "has no secret key" in code("A" * 40, place, deb)[1]
    assert not (tmp_path / "out").exists()
    (tmp_path / "no.deb").write_text("no package")
    assert "is no Debian package" in code(mine, place, tmp_path / "no.deb")[1]
    assert code(mine, place, deb)[0] == 0
    (tmp_path / "again").mkdir()
    number, words = code(mine, place, package(tmp_path / "again", text="other"))
    assert (number, "a version is made once" in words) == (4, True)
