"""Briefs from the command line: from a draft to a mail in a real server's box, in both languages."""

import json

import pytest

from bavn.app.acts.centre import publications as acts
from bavn.app.centre.parts import open_registry
from bavn.app.centre.publish_parts import open_publishing
from bavn.app.cli.centre.main import app
from bavn.app.config.load import read_centre
from bavn.app.config.publish import PublishTable
from bavn.app.process.exits import Exit, Stop
from bavn.centre.publish.document import Kind
from bavn.model.principal import account
from bavn.model.settings import SettingsError
from tests.app.test_reminding import certificate, mail  # noqa: F401  fixtures: a real mail server over TLS
from tests.people import Runner as CliRunner


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
    file.write_text('[centre]\nsector = "Sundhedssektoren"\n')
    assert CliRunner().invoke(app, ["init", "--config", str(file)]).exit_code == 0
    registry = open_registry(read_centre(file))
    registry.add("region-nord", "region", "")
    registry.engine.dispose()
    return file


@pytest.fixture
def brief(config):
    """The last whole month's, as the console drafts it."""
    with open_publishing(read_centre(config)) as publishing:
        return acts.draft(publishing, acts.Drafting(kind=Kind.BRIEF)).id


def test_from_draft_to_archive(config, brief) -> None:
    said = run(config, "publication", brief, "--sources")
    assert "[overview/1] 0 cases confirmed" in said
    assert "<- query: bavn centre cases" in said
    assert "0 sager bekræftet" in run(config, "publication", brief, "--language", "da")
    assert json.loads(run(config, "publication", brief, "--json"))["kind"] == "brief"
    with open_publishing(read_centre(config)) as publishing:
        words = acts.Wording(place="overview/1", act="reword", en="All is calm.", da="Alt er roligt.")
        acts.edit(publishing.editions, account("Anna Berg"), brief, words, "clearer", 1)
    assert "Alt er roligt." in run(config, "publication", brief, "--language", "da")
    refused = run(config, "publication", brief, "approve", "--by", "Anna Berg", code=Exit.NOT_NOW)
    assert "another person" in refused
    run(config, "publication", brief, "publish", "--by", "Bo Lund", code=Exit.NOT_NOW)
    late = run(config, "publication", brief, "approve", "--by", "Bo Lund", "--seen", "1", code=Exit.NOT_NOW)
    assert "2" in late
    approve = ("publication", brief, "approve", "--by", "Bo Lund", "--seen", "2", "--language", "da")
    assert "godkendt" in run(config, *approve)
    assert "published" in run(config, "publication", brief, "publish", "--by", "Bo Lund")
    (row,) = [json.loads(line) for line in run(config, "publication", "--json").splitlines()]
    assert (row["document"], row["state"], row["approved"]) == (brief, "published", "Bo Lund")
    run(config, "publication", brief, "archive", "--by", "Bo Lund")
    assert "the chain holds" in run(config, "audit", "--verify")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("publication", "brief-1999-01"), Exit.NOT_FOUND),
        (("publication", "brief-1999-01", "approve"), Exit.NOT_FOUND),
        (("publication-send", "brief-1999-01"), Exit.USAGE),
        (("publication-send", "brief-1999-01", "--to", "anna@example.org"), Exit.NOT_FOUND),
    ],
)
def test_refusals_say_who_must_act(config, words, code) -> None:
    assert run(config, *words, code=code)


def mailing(config, mail, certificate):  # noqa: F811
    (config.parent / "password").write_bytes(b"secret")
    (config.parent / "password").chmod(0o600)
    config.write_text(
        config.read_text() + '[publish]\nmail_to = ["anna@example.org", "bo@example.org"]\n[remind]\n'
        f'smtp_host = "localhost"\nsmtp_port = {mail.port}\nsmtp_ca_file = "{certificate / "ca.pem"}"\n'
        'smtp_user = "bavn"\nsmtp_password_file = "password"\nmail_from = "centre@example.org"\n'
    )


@pytest.mark.slow
def test_sent_once_to_each_by_a_real_server_over_tls(config, brief, mail, certificate) -> None:  # noqa: F811
    mailing(config, mail, certificate)
    assert "only what is published" in run(config, "publication-send", brief, "--by", "Bo Lund", code=Exit.NOT_NOW)
    run(config, "publication", brief, "approve", "--by", "Bo Lund")
    run(config, "publication", brief, "publish", "--by", "Bo Lund")
    mail.down = True
    failed = run(config, "publication-send", brief, "--by", "Bo Lund", "--language", "da", code=Exit.UNREACHABLE)
    assert "anna@example.org: " in failed
    assert "451" in failed
    mail.down = False
    said = run(config, "publication-send", brief, "--by", "Bo Lund", "--language", "da")
    assert said.strip() == "2 sendt, 0 havde det i forvejen, 0 mislykkedes"
    assert "0 sent, 2 had it before" in run(config, "publication-send", brief, "--by", "Bo Lund")
    assert mail.tls == [True, True]
    (to, message), _ = mail.mails
    assert to == ("anna@example.org",)
    assert message["Subject"].startswith("[TLP:GREEN] Månedsbrief")
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == f"{brief}.da.pdf"
    assert attached.get_content().startswith(b"%PDF-1.7")
    assert "0 sager bekræftet" in message.get_body().get_content()
    assert len({one["Message-ID"] for _, one in mail.mails}) == 2


@pytest.mark.parametrize(
    "bad",
    [
        {"tlp": "green"},
        {"mail_to": ("no address",)},
        {"publishers": (" ",)},
        {"mail_to": ("a@b.example",) * 1001},
    ],
)
def test_a_wrong_setting_is_one_clear_error(bad) -> None:
    with pytest.raises(SettingsError, match=f"publish.{next(iter(bad))}"):
        PublishTable(**bad)
