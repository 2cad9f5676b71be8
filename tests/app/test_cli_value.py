"""`bavn node value` and `bavn centre value`: what is known of one value, and that nothing hostile gets further."""

import json

import pytest
from typer.testing import CliRunner

from bavn.app.cli.node.main import app
from bavn.app.process.exits import Exit, Stop
from tests.app.test_cli_dry_run import KNOWN, config, history

__all__ = ["config", "history"]


def run(config, *arguments):
    return CliRunner().invoke(app, ["value", *arguments, "--config", str(config)], catch_exceptions=True)


def test_a_value_is_told_with_its_block_its_history_and_a_hunt_for_it(history) -> None:
    told = run(history, "evil-c2[.]com")
    assert told.exit_code == 0, told.output
    for words in (
        "domain:evil-c2.com",
        "No suspicion here names it.",
        "How many of the sector know it is not known here.",
        f"A person here must decide whether it is blocked. ({KNOWN})",
        "A block would have hit 12 of",
        "bavn node hunt sql \"SELECT * FROM dns WHERE rrname = 'evil-c2.com' OR ends_with(rrname, '.evil-c2.com')\"",
    ):
        assert words in told.stdout
    row = json.loads(run(history, "evil-c2.com", "--json").stdout)
    assert (row["inside"], row["blocks"][0]["indicator"], row["never_block"]) == (False, KNOWN, None)


def test_an_own_address_has_neither_sector_nor_block(history) -> None:
    row = json.loads(run(history, "10.0.0.5", "--json").stdout)
    assert (row["inside"], row["sector"], row["blocks"]) == (True, None, [])
    assert "A block would have hit" not in run(history, "10.0.0.5").stdout


@pytest.mark.parametrize(
    "hostile", ["", "' OR 1=1 --", "a" * 5000, "\x1b[2J", "domain:", "ja4:$(id)", "../../etc", "x y.z"]
)
def test_what_is_no_value_is_refused(history, hostile) -> None:
    refused = run(history, hostile)
    assert isinstance(refused.exception, Stop) or refused.exit_code == Exit.USAGE
    assert refused.exit_code != 0
