"""Brief, forecast and picture from the command line: from draft to a mail in a real server's box, in both languages."""

import json
from typing import get_args

import feedparser
import pytest

from bavn.app.centre import publish_parts
from bavn.app.centre.parts import open_desk, open_registry
from bavn.app.cli.centre.main import app
from bavn.app.config.load import read_centre
from bavn.app.config.publish import PublishTable
from bavn.app.process.exits import Exit, Stop
from bavn.centre.cases.case.case import ElementFacts, LeadFacts
from bavn.centre.cases.case.cases import Cases
from bavn.model.observable import Observable
from bavn.model.sector.case import CaseAct
from bavn.model.settings import SettingsError
from tests.app.test_reminding import certificate, mail  # noqa: F401  fixtures: a real mail server over TLS
from tests.people import Runner as CliRunner

KEV = {
    "vulnerabilities": [
        {
            "cveID": "CVE-2026-1234",
            "vendorProject": "Acme",
            "product": "Gateway",
            "dateAdded": "2026-09-03",
            "knownRansomwareCampaignUse": "Known",
        }
    ]
}


def run(config, *words, code=0):
    done = CliRunner().invoke(app, [*words, "--config", str(config)])
    if isinstance(done.exception, Stop):
        assert done.exception.code == code, done.exception
        return str(done.exception)
    assert done.exit_code == code, (done.output, done.exception)
    return done.stdout


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "centre.toml"
    file.write_text('[centre]\nsector = "Sundhedssektoren"\n[publish]\nurl = "https://sector.example/"\n')
    assert CliRunner().invoke(app, ["init", "--config", str(file)]).exit_code == 0
    registry = open_registry(read_centre(file))
    registry.add("region-nord", "region", "")
    registry.engine.dispose()
    return file


@pytest.fixture
def case(config):
    desk = open_desk(read_centre(config))
    lead = LeadFacts(
        lead_id="lead-00000000000000aa",
        score=9.0,
        technique="T1071.001",
        actors=3,
        first_hour=490_000,
        first_report_us=1,
        lead_us=2,
        elements=(ElementFacts(Observable.of("domain", "evil.example.com"), 9.0, 3, listed=False),),
    )
    cases = Cases(desk.engine, desk._clock)
    made = cases.open(lead).id
    cases.act(made, CaseAct.CONFIRM, "Anna Berg", "three actors")
    desk.engine.dispose()
    run(config, "mark", made, "--tlp", "TLP:GREEN", "--rsit", "malicious-code/c2-server", "--by", "Anna Berg")
    return made


def drafted(config, *words):
    return run(config, "brief", "draft", *words).split()[0]


def test_from_draft_to_archive(config, tmp_path) -> None:
    brief = drafted(config)
    assert drafted(config) == brief
    said = run(config, "brief", "show", brief, "--sources")
    assert "[overview/1] 0 cases confirmed" in said
    assert "<- query: bavn centre cases" in said
    words = ("--en", "All is calm.", "--da", "Alt er roligt.")
    run(config, "brief", "edit", brief, "overview/1", *words, "--by", "Anna Berg", "--why", "clearer", "--seen", "1")
    assert "Alt er roligt." in run(config, "brief", "show", brief, "--language", "da")
    assert "0 sager bekræftet" in run(config, "brief", "show", brief, "--version", "1", "--language", "da")
    refused = run(config, "brief", "approve", brief, "--by", "Anna Berg", code=Exit.NOT_NOW)
    assert "another person" in refused
    run(config, "brief", "publish", brief, "--by", "Bo Lund", code=Exit.NOT_NOW)
    assert "godkendt" in run(config, "brief", "approve", brief, "--by", "Bo Lund", "--seen", "2", "--language", "da")
    assert "published" in run(config, "brief", "publish", brief, "--by", "Bo Lund")
    (row,) = [json.loads(line) for line in run(config, "brief", "list", "--json").splitlines()]
    assert (row["document"], row["state"], row["approved"]) == (brief, "published", "Bo Lund")
    feed = tmp_path / "feed.xml"
    run(config, "feed", str(feed), "--language", "da")
    (entry,) = feedparser.parse(feed.read_text()).entries
    assert entry.link == f"https://sector.example/{brief}.da.html"
    assert "Alt er roligt." in entry.summary
    run(config, "brief", "archive", brief, "--by", "Bo Lund")
    run(config, "feed", str(feed))
    assert feedparser.parse(feed.read_text()).entries == []
    versions = run(config, "brief", "show", brief, "--versions", "--json").splitlines()
    assert [json.loads(line)["by"] for line in versions] == ["centre", "Anna Berg"]
    assert "the chain holds" in run(config, "audit", "--verify")


def test_what_a_person_says_of_a_case_and_of_a_level_is_in_the_picture(config, case) -> None:
    assert "cyber crime" in run(config, "threat", "types")
    run(config, "threat", "sort", case, "espionage", "--by", "Bo Lund", "--why", "the partner says so")
    assert json.loads(run(config, "threat", "types", "--json"))["by"] == "Bo Lund"
    run(config, "threat", "set", "terror", "ingen", "--by", "Anna Berg", "--why", "nothing known")
    (espionage, *_, terror) = [json.loads(line) for line in run(config, "threat", "show", "--json").splitlines()]
    assert (espionage["level"], terror["level"], terror["set by"]) == ("very high", "none", "Anna Berg")
    said = run(config, "picture", "--language", "da", "--sources")
    assert "Cyberterror: ingen, fastsat af Anna Berg" in said
    assert f"<- case: {case}" in said
    assert "evil.example.com" not in said
    assert "region-nord" not in said
    run(config, "threat", "sort", case, "unknown", "--by", "Bo Lund", "--why", "nobody knows")
    assert json.loads(run(config, "threat", "types", "--json"))["sort"] == "crime"
    assert "nothing known" in run(config, "threat", "history")


def test_a_catalogue_that_is_none_stops_with_words(config, tmp_path) -> None:
    kev = tmp_path / "kev.json"
    assert "cannot be read" in run(config, "picture", "--kev", str(kev), code=Exit.INPUT)
    kev.write_text("[]")
    assert "no catalogue" in run(config, "picture", "--kev", str(kev), code=Exit.INPUT)
    kev.write_text(json.dumps(KEV))
    assert "[weaknesses/1] 1 weakness " in run(config, "picture", "--kev", str(kev), "--days", "400")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("brief", "show", "brief-1999-01"), Exit.NOT_FOUND),
        (("brief", "show", "forecast-2026-Q1"), Exit.NOT_FOUND),
        (("brief", "draft", "--period", "2999-01"), Exit.USAGE),
        (("forecast", "draft", "--period", "2026-13"), Exit.USAGE),
        (("brief", "edit", "brief-1999-01", "overview/1", "--en", "x"), Exit.USAGE),
        (("brief", "edit", "brief-1999-01", "overview/1", "--en", "x", "--remove"), Exit.USAGE),
        (("threat", "set", "crime", "extreme"), Exit.USAGE),
        (("threat", "set", "crime", "low", "--by", "Anna Berg"), Exit.USAGE),
        (("threat", "sort", "case-1", "war"), Exit.USAGE),
        (("threat", "sort", "case-1", "crime", "--by", "Anna Berg", "--why", "x"), Exit.NOT_FOUND),
        (("brief", "export", "brief-1999-01"), Exit.NOT_FOUND),
        (("brief", "send", "brief-1999-01"), Exit.USAGE),
    ],
)
def test_refusals_say_who_must_act(config, words, code) -> None:
    assert run(config, *words, code=code)


def mailing(config, mail, certificate):  # noqa: F811
    (config.parent / "password").write_bytes(b"secret")
    (config.parent / "password").chmod(0o600)
    config.write_text(
        config.read_text() + 'mail_to = ["anna@example.org", "bo@example.org"]\n[remind]\n'
        f'smtp_host = "localhost"\nsmtp_port = {mail.port}\nsmtp_ca_file = "{certificate / "ca.pem"}"\n'
        'smtp_user = "bavn"\nsmtp_password_file = "password"\nmail_from = "centre@example.org"\n'
    )


@pytest.mark.slow
def test_sent_once_to_each_by_a_real_server_over_tls(config, mail, certificate) -> None:  # noqa: F811
    mailing(config, mail, certificate)
    brief = drafted(config)
    assert "only what is published" in run(config, "brief", "send", brief, "--by", "Bo Lund", code=Exit.NOT_NOW)
    run(config, "brief", "approve", brief, "--by", "Bo Lund")
    run(config, "brief", "publish", brief, "--by", "Bo Lund")
    mail.down = True
    failed = run(config, "brief", "send", brief, "--by", "Bo Lund", "--language", "da", code=Exit.UNREACHABLE)
    assert "anna@example.org: " in failed
    assert "451" in failed
    mail.down = False
    said = run(config, "brief", "send", brief, "--by", "Bo Lund", "--language", "da")
    assert said.strip() == "2 sendt, 0 havde det i forvejen, 0 mislykkedes"
    assert "0 sent, 2 had it before" in run(config, "brief", "send", brief, "--by", "Bo Lund")
    assert mail.tls == [True, True]
    (to, message), _ = mail.mails
    assert to == ("anna@example.org",)
    assert message["Subject"].startswith("[TLP:GREEN] Månedsbrief")
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == f"{brief}.da.pdf"
    assert attached.get_content().startswith(b"%PDF-1.7")
    assert "0 sager bekræftet" in message.get_body().get_content()
    assert len({one["Message-ID"] for _, one in mail.mails}) == 2


@pytest.mark.slow
def test_files_in_both_languages_whole_or_not_at_all(config, case, tmp_path, monkeypatch) -> None:
    html, pdf, plain = tmp_path / "a.html", tmp_path / "a.pdf", tmp_path / "a.json"
    words = ("picture", "--html", str(html), "--pdf", str(pdf), "--json-file", str(plain))
    run(config, *words, "--language", "da")
    assert '<html lang="da">' in html.read_text()
    assert pdf.read_bytes().startswith(b"%PDF-1.7")
    assert json.loads(plain.read_text())["kind"] == "picture"
    assert "cannot be written" in run(
        config, "picture", "--html", str(tmp_path / "no" / "a.html"), code=Exit.CONFIGURATION
    )
    run(config, "forecast", "draft")
    name = json.loads(run(config, "forecast", "list", "--json"))["document"]
    run(config, "forecast", "export", name, "--html", str(html))
    assert "draft, made from data" in html.read_text()
    assert not list(tmp_path.glob("*.part"))
    assert get_args(publish_parts.Form) == ("html", "pdf", "json")


@pytest.mark.parametrize(
    "bad",
    [
        {"tlp": "green"},
        {"mail_to": ("no address",)},
        {"publishers": (" ",)},
        {"url": "http://x.example/"},
        {"url": "https://x.example/?a=b"},
        {"mail_to": ("a@b.example",) * 1001},
    ],
)
def test_a_wrong_setting_is_one_clear_error(bad) -> None:
    with pytest.raises(SettingsError, match=f"publish.{next(iter(bad))}"):
        PublishTable(**bad)
