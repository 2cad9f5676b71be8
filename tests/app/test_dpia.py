"""`bavn node dpia`: each sentence rests on something that is there, and says what the settings and the ledger say."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bavn.app.cli.node.main import app
from bavn.app.config.load import NODE_TABLES, POLICY_TABLES, read_node
from bavn.app.config.sense import SenseTable
from bavn.app.policy.assessment import READ, Left, assessment
from bavn.app.policy.assessment_blocks import SENT_TO
from bavn.app.process.real import SystemClock
from bavn.centre.publish.document import SourceKind
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger, Note

ROOT = Path(__file__).parents[2]
NOW_US = 20_000 * DAY_US
NOT_OF_PEOPLE = {"rule_files", "indicator_files", "syslog_certificate_file", "syslog_key_file", "syslog_client_ca_file"}
"""Settings of ``[sense]`` that name a file and open no source of traffic or logs."""


@pytest.fixture
def node(tmp_path):
    file = tmp_path / "node.toml"
    (tmp_path / "data").mkdir()

    def written(node_toml="", policy="", actor="north"):
        file.write_text(f'[node]\nactor = "{actor}"\n{node_toml}')
        (tmp_path / "policy.toml").write_text(policy)
        return file

    return written


def document_of(file, left=None):
    return assessment(read_node(file), (file.parent / "policy.toml").read_text(), left, NOW_US)


def texts(document, language="en"):
    for section in document.sections:
        for block in section.blocks:
            rows = getattr(block, "rows", ())
            yield getattr(block, "text", None).say(language) if not rows and hasattr(block, "text") else ""
            for row in rows:
                yield " | ".join([row.label.say(language), *(cell.say(language) for cell in row.cells)])


def said(document, language="en"):
    return "\n".join(texts(document, language))


def test_every_setting_that_opens_a_source_is_told():
    opens = {
        one.name for one in fields(SenseTable) if re.search(r"(_listen|_folder|_file|_files|_interface)$", one.name)
    }
    assert opens - NOT_OF_PEOPLE == set(READ)


def test_every_setting_and_page_that_a_sentence_rests_on_is_there(node):
    file = node('centre_url = "https://centre.example.org"\n[evidence]\nring_bytes_max = 100000000\n')
    tables = NODE_TABLES | POLICY_TABLES
    named = 0
    for source in document_of(file).all_sources():
        if source.kind is not SourceKind.FILE:
            continue
        if source.ref.startswith("docs/"):
            assert (ROOT / source.ref).is_file(), source.ref
            continue
        name, table, field = re.fullmatch(r"(node|policy)\.toml \[(\w+)\] (\w+)", source.ref).groups()
        assert (table in POLICY_TABLES) == (name == "policy")
        assert field in {one.name for one in fields(tables[table])}, source.ref
        named += 1
    assert named > 15


def test_it_says_what_is_read_and_kept_and_who_is_sent_it(node):
    alone = said(document_of(node()))
    assert "has not run yet" in document_of(node()).sections[2].blocks[1].said.text.en
    assert "Nothing left in the last" in document_of(node(), {}).sections[2].blocks[1].said.text.en
    assert "belongs to no sector: nothing leaves it" in alone
    assert "recipients | nobody" in alone
    assert "reports of" not in alone
    toml = (
        'centre_url = "https://centre.example.org"\nkeyholder_urls = ["https://keys.example.org"]\n[sense]\n'
        'dnstap_listen = "/run/dns"\n[store]\nage_days_max = 90\n[evidence]\nring_bytes_max = 100000000\n'
    )
    full = said(document_of(node(toml)))
    assert "questions to the resolver | which machine looked up which name, and when" in full
    assert "records of the network | 90 days" in full
    assert "the last packets that passed | 100,000,000 bytes, then the oldest go" in full
    assert "https://keys.example.org" in full
    assert "Packets are kept. What is not encrypted" in full
    assert "There is one key holder" in full


def test_with_several_key_holders_it_names_each_and_how_many_must_not_work_together(node):
    urls = '["https://one.example.org", "https://two.example.org", "https://three.example.org"]'
    full = said(document_of(node(f'centre_url = "https://c.example.org"\nkeyholder_urls = {urls}\nkeyholders_k = 2\n')))
    assert "https://one.example.org, https://two.example.org, https://three.example.org" in full
    assert "Centre and 2 of 3 key holders work together" in full
    assert "There is one key holder" not in full


def test_every_address_that_a_node_sends_to_is_told() -> None:
    assert {one.name for one in fields(NODE_TABLES["node"]) if one.name.endswith(("_url", "_urls"))} == set(SENT_TO)


def test_it_says_what_the_policy_opens_and_closes(node):
    file = node(
        'centre_url = "https://centre.example.org"\n',
        '[door]\nreveal_domain = "never"\nstrong_t_min = 3\n[protect]\nautomatic = false\n',
    )
    text = said(document_of(file))
    assert "reports of domains: never" in text
    assert 'door.reveal_domain = "never": less can leave' in text
    assert "at least 3 organisations hold it" in text
    assert "Every block waits for a person" in text
    assert "Two organisations are enough" not in text


def test_what_left_is_what_the_ledger_has(node, tmp_path):
    file = node('centre_url = "https://centre.example.org"\n')
    now_us = SystemClock().now_us()
    with Book(tmp_path / "data/node.db") as book:
        ledger = Ledger(book)
        for days, privacy, refused in (
            (1, "S1", None),
            (2, "S1", None),
            (40, "S1", None),
            (1, "S2", Refused("x", "y")),
        ):
            note = Note(kind="report", item_id="ab" * 32, peer="centre", privacy=privacy, bytes=100)
            ledger.append(now_us - days * DAY_US, "1", "out", note, refused)
    done = CliRunner().invoke(app, ["dpia", "-c", str(file)])
    assert done.exit_code == 0, done.output
    assert re.search(r"^ +S1 +2 +200$", done.output, re.MULTILINE)
    assert not re.search(r"^ +S2 +1 ", done.output, re.MULTILINE)


def test_the_number_of_reports_is_said_as_it_is_counted(node):
    """More reports left than the policy's number: what it bounds is what they name, not how often."""
    file = node('centre_url = "https://centre.example.org"\n', "[door]\nreports_per_day_max = 2\n")
    told = said(document_of(file, {"S1": Left(2644, 200)}))
    assert "S1 | 2,644 | 200" in told
    assert "at most 2 different observables in 24 hours, each told again in every round that reveals it" in told
    assert "at most 2 a day" not in told


def test_a_page_in_each_language(node, tmp_path):
    file = node('centre_url = "https://centre.example.org"\n')
    page, printed = tmp_path / "dpia.html", tmp_path / "dpia.pdf"
    words = ["dpia", "-c", str(file), "--html", str(page), "--pdf", str(printed), "--language", "da"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    html = page.read_text()
    assert '<html lang="da">' in html
    assert "skal vurderes" in html
    assert "to be judged" not in html
    assert "<script" not in html
    assert printed.read_bytes().startswith(b"%PDF-")
    assert said(document_of(file, {"S1": Left(2, 200)}), "da") != said(document_of(file, {"S1": Left(2, 200)}))
