"""`bavn node rules export`: what the sector shares as rules for one's own tool, in the shell."""

import json

import pytest
from typer.testing import CliRunner

from bavn.app.cli.node.main import app
from bavn.app.process.exits import Exit
from bavn.centre.share.share import identity_of
from bavn.model.observable import Observable
from bavn.wire.book import Book
from bavn.wire.partners.stix_indicator import bundle_of
from tests.app.siem.rules.examples import indicator
from tests.app.web.drawn_node import BLOCKED, C2, REFUSED, draw


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    file = draw(tmp_path_factory.mktemp("rules") / "north")
    until = {"valid_until_us": 2**52}
    with Book(file.parent / "data" / "node.db") as book, book.transaction() as tx:
        for indicator_id, value in ((BLOCKED, C2), (REFUSED, "philips.com")):
            shared = indicator(Observable.of("domain", value), id=indicator_id, **until)
            bundle = bundle_of(shared, created_by=identity_of("sector"), created_us=1)
            tx.execute("UPDATE protect_item SET bundle = ? WHERE indicator_id = ?", (bundle, indicator_id))
    return file


def run(config, *words, code=0):
    done = CliRunner().invoke(app, ["rules", "export", *words, "--config", str(config)])
    if code:
        assert done.exception.code == code, done.exception
    else:
        assert done.exit_code == 0, (done.output, done.exception)
    return done


def test_a_value_gives_a_file_to_load_and_what_has_no_rule_is_said_beside_it(config) -> None:
    text = run(config, C2).stdout
    assert text.startswith("# Bavn, shared indicator")
    assert text.count("alert ") == 4
    assert run(config, C2, "--for", "sigma").stdout.count("---") == 2
    refused = run(config, "philips.com", "--language", "da", code=Exit.NOT_NOW)
    assert REFUSED in refused.stderr
    assert "never-block list" in run(config, "philips.com", code=Exit.NOT_NOW).stderr


def test_a_pattern_gives_one_object_a_line_for_machines(config) -> None:
    lines = [json.loads(line) for line in run(config, "*.com", "--for", "sigma", "--json").stdout.splitlines()]
    shown = {line["indicator"]: line for line in lines}
    assert shown[REFUSED]["rule"] is None
    assert {line["for"] for line in lines} == {"sigma"}
    (rule,) = [json.loads(line)["rule"] for line in run(config, C2, "--json").stdout.splitlines()]
    assert "\nalert dns" in rule
