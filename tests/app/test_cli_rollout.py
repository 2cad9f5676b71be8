"""The roll-out from the command line: the list, the whole way in and out, and signed records."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.app.centre.parts import open_enrolment, opened_registry
from bavn.app.cli.centre.main import app as centre_app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit
from bavn.app.process.real import SystemClock
from bavn.centre.members.enrolment import Application
from bavn.centre.members.signed import BadRecord, record_of
from bavn.model.moment import as_datetime
from bavn.traffic.dice import SeededDice
from bavn.wire.enrol import NodeKeys

from .test_cli_casework import rows, run

TERMS = """purpose_en = "Protect the sector."
purpose_da = "Beskyt sektoren."
legal_basis = "NIS2, article 29"
classes = ["S0", "S1", "S4"]
retention_days = 180
valid_days = 400
"""
BY = ("--by", "Anna Berg")
WHY = ("--why", "the steering group says so", *BY)


@pytest.fixture
def centre(tmp_path):
    """A centre without members; call with the words of a command."""
    file = tmp_path / "centre.toml"
    file.write_text('[centre]\nsector = "test"\n')
    run(centre_app, "init", "-c", file)

    def call(*words, code=0):
        return run(centre_app, "rollout", *words, "-c", file, code=code)

    call.file, call.folder = file, tmp_path
    return call


def agreed(centre, actor):
    (centre.folder / "terms.toml").write_text(TERMS)
    (centre.folder / "paper.pdf").write_bytes(b"signed")
    centre("terms", centre.folder / "terms.toml", *WHY)
    today = as_datetime(SystemClock().now_us()).date().isoformat()
    centre(
        "sign",
        actor,
        "--signed-by",
        "Bo Lund",
        "--as",
        "director",
        "--day",
        today,
        "--document",
        centre.folder / "paper.pdf",
        *BY,
    )


@pytest.mark.slow
def test_an_actor_goes_the_whole_way_in_and_out_by_commands(centre) -> None:
    centre("set", "region-a", "--region", "nord", "--group", "wave-1", "--day", "2030-01-31", *WHY)
    assert "agreement" in centre("set", "region-a", "--state", "testing", *WHY, code=Exit.NOT_NOW)
    agreed(centre, "region-a")
    invited = json.loads(run(centre_app, "invite", "region-a", "-c", centre.file, "--json", *BY))
    file = read_centre(centre.file)
    with opened_registry(file) as registry:
        asked = NodeKeys.make("region-a", SeededDice(1, "a")).ask(invited["token"])
        open_enrolment(file, registry).enrol(Application(**asked.model_dump()))
    assert centre("set", "region-a", "--state", "testing", "--waits-for", "its network", *WHY) == "region-a: testing\n"
    assert "waits for: protocol" in centre("set", "region-a", "--state", "accepted", *WHY, code=Exit.NOT_NOW)
    (shown,) = rows(centre("show", "--json"))
    assert (shown["state"], shown["day"], shown["group"], shown["member"]) == (
        "testing",
        "2030-01-31",
        "wave-1",
        "active",
    )
    assert (shown["waits_for"], shown["missing"]) == ("its network", ["protocol"])
    assert "its network, protokollen fra den beståede prøve" in " ".join(centre("show", "--language", "da").split())
    centre("set", "region-a", "--day", "tomorrow", *WHY, code=Exit.USAGE)
    centre("set", "region-a", "--state", "leaving", *WHY)
    proof = centre.folder / "proof.json"
    centre("delete", "region-a", "--out", proof, *WHY, code=Exit.NOT_NOW)
    run(centre_app, "revoke", "region-a", "-c", centre.file, *BY)
    assert "region-a has left" in centre("delete", "region-a", "--out", proof, *WHY)
    assert "the signature holds" in centre("verify", proof)
    assert record_of(proof.read_text()).fields["sector"] == "test"
    proof.write_text(proof.read_text().replace("region-a", "region-b"))
    centre("verify", proof, code=Exit.REFUSED)
    assert json.loads(centre("record", "deletion", "region-a"))["by"] == "Anna Berg"
    centre("record", "deletion", "region-b", code=Exit.NOT_FOUND)
    assert rows(centre("show", "--json")) == []


@given(
    st.one_of(
        st.text(max_size=100),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.dictionaries(
                    st.sampled_from(["kind", "subject", "number", "body", "key", "signature"]), inner, max_size=6
                )
                | st.lists(inner, max_size=2)
            ),
            max_leaves=8,
        ).map(json.dumps),
    )
)
def test_any_text_is_a_record_or_one_error(text) -> None:
    try:
        found = record_of(text)
    except BadRecord as error:
        assert str(error)
        return
    assert not found.holds()
