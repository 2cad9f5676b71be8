"""The images: what a registry and a cluster read of one, the same bytes twice, and that it runs on a root that nobody
may write, as nobody, without a network; and what compose makes of its files."""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest
import yaml

from bavn.app.config.load import read_centre

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "packaging/compose"
EPOCH = 1790000000
BUILT = [pytest.mark.slow, pytest.mark.mmdebstrap, pytest.mark.buildah]


def run(*words, **more):
    env = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH), "PODMAN_IGNORE_CGROUPSV1_WARNING": "1"}
    return subprocess.run(
        [str(word) for word in words], cwd=ROOT, env=env, capture_output=True, text=True, check=False, **more
    )


def build(role, deb, folder) -> Path:
    done = run("script/image", "--role", role, "--deb", deb, "--source", "https://example.org/bavn", folder)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def thin(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deb")
    done = run("script/deb", "--role", "node", "--thin", folder)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def image(thin, tmp_path_factory):
    return build("node", thin, tmp_path_factory.mktemp("image"))


def parts_of(image):
    """Index, manifest and configuration of an archive, and what lies in its one layer."""
    with tarfile.open(image) as archive:

        def blob(digest):
            return archive.extractfile(f"./blobs/{digest.replace(':', '/')}")

        index = json.load(archive.extractfile("./index.json"))
        manifest = json.load(blob(index["manifests"][0]["digest"]))
        (layer,) = manifest["layers"]
        with tarfile.open(fileobj=blob(layer["digest"])) as opened:
            files = {member.name.removeprefix("./").removesuffix("/"): member for member in opened}
        return index, manifest, json.load(blob(manifest["config"]["digest"])), files


class TestAnImage:
    pytestmark = BUILT

    def test_says_what_it_is_and_has_no_rights(self, image) -> None:
        index, manifest, configuration, _ = parts_of(image)
        assert index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"] == (
            "localhost/bavn-node:0.1.0-thin"
        )
        config = configuration["config"]
        assert config["User"] == "10001:10001", "a number, or a cluster cannot see that it is not root"
        assert config["Entrypoint"] == ["/usr/bin/bavn"]
        assert config["Cmd"] == ["node", "run", "--config", "/etc/bavn/node.toml"]
        assert list(config["Volumes"]) == ["/var/lib/bavn"]
        facts = {
            "version": "0.1.0+thin",
            "licenses": "Apache-2.0",
            "title": "bavn-node",
            "source": "https://example.org/bavn",
            "created": "2026-09-21T14:13:20Z",
            "revision": run("git", "rev-parse", "HEAD").stdout.strip(),
        }
        for place in (manifest["annotations"], config["Labels"]):
            told = {name: place.get(f"org.opencontainers.image.{name}") for name in facts}
            assert {name: value or "" for name, value in told.items()} == facts

    def test_holds_what_the_package_needs_and_its_licences(self, image) -> None:
        *_, files = parts_of(image)
        state = files["var/lib/bavn"]
        assert (state.uid, state.gid, state.mode & 0o777) == (10001, 10001, 0o700)
        assert not [name for name in files if name.startswith("var/lib/bavn/")]
        for name in ("usr/bin/bavn", "opt/bavn/bin/bavn", "usr/share/doc/bavn/operations.md", "var/lib/dpkg/status"):
            assert name in files
        for name in ("usr/bin/apt-get", "usr/lib/systemd/systemd", "usr/bin/suricata", "bavn.deb"):
            assert name not in files, "more than the package needs"
        packages = [name for name in files if name.startswith("var/lib/dpkg/info/") and name.endswith(".list")]
        licences = [name for name in files if name.startswith("usr/share/doc/") and name.endswith("/copyright")]
        assert len(licences) >= len(packages) * 0.9
        assert {member.mtime for member in files.values()} == {EPOCH}

    def test_is_the_same_bytes_when_it_is_built_again(self, image, thin, tmp_path) -> None:
        again = build("node", thin, tmp_path)
        assert again.name == image.name
        assert again.read_bytes() == image.read_bytes()

    @pytest.mark.world  # not every machine that tests may run a container
    @pytest.mark.podman
    @pytest.mark.runc
    def test_runs_on_a_root_that_nobody_may_write_as_nobody_without_a_network(self, image) -> None:
        """The libraries are not in it: what is tried is the house around them."""
        code = """
import os, socket
def writes(place):
    try:
        open(place + "/x", "w").close()
    except OSError:
        return False
    return True
places = [place for place in ("/", "/etc/bavn", "/opt/bavn", "/usr", "/var/lib/bavn", "/tmp") if writes(place)]
print(os.getuid(), places, [name for _, name in socket.if_nameindex()], os.path.realpath("."))
"""
        with Podman() as podman:
            done = podman("load", "--quiet", "--input", image)
            assert done.returncode == 0, done.stderr
            words = (
                "--rm",
                "--read-only",
                "--network",
                "none",
                "--cap-drop",
                "all",
                "--entrypoint",
                "/usr/bin/python3",
            )
            done = podman("run", *words, "localhost/bavn-node:0.1.0-thin", "-I", "-c", code)
            assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "10001 ['/var/lib/bavn', '/tmp'] ['lo'] /var/lib/bavn"


class Podman:
    """podman with a store of its own, which ends with the test."""

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="bavn-podman-", dir="/var/tmp"))
        (self.folder / "containers.conf").write_text('[engine]\nlock_type = "file"\n')  # else shared with all stores
        return self

    def __call__(self, *words, **more):
        store = ("--root", self.folder / "store", "--runroot", self.folder / "run", "--storage-driver", "overlay")
        store = (*store, "--tmpdir", self.folder / "tmp")
        settings = f"CONTAINERS_CONF={self.folder}/containers.conf"
        return run(
            "env", settings, "podman", *store, "--runtime", "runc", "--cgroup-manager", "cgroupfs", *words, **more
        )

    def __exit__(self, *_):
        self("rmi", "--all", "--force")
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.mark.world
@pytest.mark.mmdebstrap
@pytest.mark.buildah
@pytest.mark.podman
@pytest.mark.runc
def test_the_demonstration_plays_from_its_image_by_one_command(tmp_path) -> None:
    done = run("script/image", "--role", "demo", tmp_path)
    assert done.returncode == 0, done.stderr
    with Podman() as podman:
        assert podman("load", "--quiet", "--input", done.stdout.splitlines()[-1]).returncode == 0
        done = podman("run", "--rm", "--read-only", "--network", "none", "localhost/bavn-demo:0.1.0", timeout=1800)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_an_image_says_what_it_lacks_and_the_sectors_files_fit(tmp_path) -> None:
    assert run("script/image").returncode == 2
    assert run("script/image", "--role", "sensor", tmp_path).returncode == 2
    sector = COMPOSE / "sector"
    composed = yaml.safe_load((sector / "compose.yaml").read_text())["services"]
    names = {name: composed[name]["networks"]["default"]["aliases"] for name in ("centre", "keyholder")}
    assert list(read_centre(sector / "centre.toml").place.names) == names["centre"]
    for actor in ("klinik", "region"):
        text = (sector / f"{actor}.toml").read_text()
        assert f'actor = "{actor}"' in text
        for name, scheme in (("centre", "https"), ("keyholder", "https")):
            assert f'"{scheme}://{names[name][0]}:' in text


FILES = sorted(COMPOSE.glob("*/compose.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_no_service_of_compose_has_more_than_it_needs(file) -> None:
    composed = yaml.safe_load(file.read_text())
    for name, service in composed["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges"], name
        state = [volume for volume in service["volumes"] if volume.endswith(":/var/lib/bavn")]
        assert state == [f"{name}:/var/lib/bavn"]
        assert all(volume.endswith(":ro") for volume in service["volumes"] if volume not in state)


@pytest.mark.podman_compose
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_compose_takes_its_files(file) -> None:
    done = run("podman-compose", "--file", file, "config")
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(file.read_text())["services"]
    assert set(yaml.safe_load(done.stdout)["services"]) >= {
        name for name in services if "profiles" not in services[name]
    }
