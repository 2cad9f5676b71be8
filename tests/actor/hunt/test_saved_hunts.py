"""Hunts that are kept: as text and back, and each that comes with Bavn finds what it is for and nothing else."""

from string import printable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.hunt.saved import SavedHunt, SavedUnclear, read_hunt, written
from bavn.app.analyst.saved_hunts import shipped
from bavn.model.moment import DAY_US
from bavn.model.text import Text

CALM = {"ts": -20 * DAY_US, "src": "10.0.0.1", "dst": "10.0.0.2", "dst_port": 443}
OUT = {"src": "10.0.0.5", "dst": "198.51.100.7"}
SCAN = [{"src": "10.0.0.5", "dst": f"10.0.1.{n}", "failed": True} for n in range(20)]
HITS = {
    "new-admin-edges": ("flow", [{"src": "10.0.0.5", "dst": "10.0.0.9", "dst_port": 445}], {}, "10.0.0.9"),
    "rare-tls-clients": ("tls", [{**OUT, "ja3": "a" * 32}], {}, "a" * 32),
    "rare-user-agents": ("http", [{**OUT, "user_agent": "odd/1"}], {}, "odd/1"),
    "dns-data-by-domain": ("dns", [{**OUT, "rrname": "a.evil-example.dk", "rrtype": "TXT"}], {}, "evil-example.dk"),
    "who-talks-to": ("flow", [OUT], {"peer": "198.51.100.0/24"}, "198.51.100.7"),
    "who-asks-for": ("dns", [{**OUT, "rrname": "a.evil-example.dk"}], {"domain": "Evil-Example.dk"}, "a.evil"),
    "self-signed-certificates": ("tls", [{**OUT, "subject": "CN=x", "issuerdn": "CN=x"}], {}, "CN=x"),
    "expired-certificates": ("tls", [{**OUT, "subject": "CN=y", "notafter": 1}], {}, "CN=y"),
    "new-upload-places": ("flow", [{**OUT, "bytes_toserver": 50_000_000}], {}, "198.51.100.7"),
    "inside-scans": ("flow", SCAN, {}, "10.0.0.5"),
    "tls-on-odd-ports": ("tls", [{**OUT, "dst_port": 4444}], {}, "198.51.100.7"),
    "new-own-services": ("flow", [{"src": "198.51.100.7", "dst": "10.0.0.9", "dst_port": 23}], {}, "10.0.0.9"),
}


def test_each_shipped_hunt_has_a_case_and_one_that_is_unclear_says_why_in_each_language() -> None:
    assert set(shipped()) == set(HITS)
    for raw, danish in (
        (b"", "sql mangler"),
        (b'sql = "SELECT 1"\nen = "a"\nda = "b"\nspan = "7y"', "span: '7y' er ikke et"),
    ):
        with pytest.raises(SavedUnclear) as unclear:
            read_hunt("a", raw)
        assert Text.of_error(unclear.value).da.startswith(danish)


@pytest.mark.parametrize("name", sorted(HITS))
def test_a_shipped_hunt_finds_its_case_and_not_the_calm(history, at, name) -> None:
    from bavn.app.cli.node.hunt.show import columns_of

    table, rows, given_, wanted = HITS[name]
    calm = [{**CALM, "ts": at + CALM["ts"]}]
    window = history(**{t: (rows if t == table else []) + calm for t in ("flow", "dns", "tls", "http")})
    hunt = shipped()[name]
    found, more = window.first(hunt.sql, given_, rows_max=100)
    cells = [str(value) for column in columns_of(found)[1] for value in column]
    assert found.num_rows == 1, cells
    assert not more
    assert any(wanted in cell for cell in cells)


TEXTS = st.text(alphabet=printable + "æøå'\"\\\x7f", min_size=1, max_size=60)


@given(TEXTS, TEXTS, TEXTS)
def test_what_is_kept_is_read_back(sql, english, danish) -> None:
    hunt = SavedHunt(
        name="a", says=Text.written(english, da=danish), sql=sql, span="7d", technique="T1021.002", columns=("x",)
    )
    try:
        back = read_hunt("a", written(hunt).encode())
    except SavedUnclear:
        assert not sql.strip()
        return
    assert back.says == hunt.says
    assert back.sql.split() == sql.strip().rstrip(";").split()


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("../x", "", "no name"),
        ("a", "sql = ", "no TOML"),
        ("a", "en = 'a'\nda = 'a'", "sql is missing"),
        ("a", "sql = 'SELECT 1'", "en and da"),
        ("a", "sql = 'SELECT 1'\nen = 'a'\nda = 'a'\nevil = 1", "no field is called 'evil'"),
        ("a", "sql = 'SELECT 1'\nen = 'a'\nda = 'a'\nspan = '7x'", "span"),
        ("a", "sql = 'SELECT 1'\nen = 'a'\nda = 'a'\ntechnique = 'lateral'", "ATT&CK"),
        ("a", "sql = 1", "must be a text"),
        ("a", "x = " + "[" * 3000, "no TOML"),
    ],
)
def test_what_is_no_hunt_says_why(name, text, reason) -> None:
    with pytest.raises(SavedUnclear, match=reason.replace(".", r"\.")):
        read_hunt(name, text.encode())
