"""No CPR number, user name, e-mail address or URL query survives an export, however it is written."""

import re
import unicodedata
from html import unescape
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bavn.actor.evidence.redact import CPR, EMAIL, QUERY, USER, redacted, text, tree
from bavn.model.record import TABLES

DIGITS = ["0123456789", "٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "⁰¹²³⁴⁵⁶⁷⁸⁹"]
GAPS = ["", "-", " ", ".", "/", " - ", "\u2013", "\u2212", "\u00a0", "\u200b", "\u00ad", "\t", "_", "+", "\x00"]
TEXT_COLUMNS = [
    (table, column.name)
    for table, columns in TABLES.items()
    for column in columns
    if column.type.startswith("VARCHAR") and column.name != "sensor"
]


def encoded_all(said: str) -> str:
    return "".join(f"%{byte:02X}" for byte in said.encode())


WRITINGS = {
    "as it is": lambda s: s,
    "quoted": quote,
    "every byte": encoded_all,
    "twice": lambda s: encoded_all(encoded_all(s)),
    "decimal references": lambda s: "".join(f"&#{ord(c)};" for c in s),
    "hexadecimal references": lambda s: "".join(f"&#x{ord(c):x};" for c in s),
    "escapes": lambda s: s.encode("unicode_escape").decode().replace("0", "\\x30"),
}


@st.composite
def numbers(draw) -> tuple[str, str]:
    """Ten digits of a CPR number, and a writing of it."""
    day, month = draw(st.integers(1, 31)), draw(st.integers(1, 12))
    plain = f"{day:02}{month:02}{draw(st.integers(0, 99)):02}{draw(st.integers(0, 9999)):04}"
    script, gap = draw(st.sampled_from(DIGITS)), draw(st.sampled_from(GAPS))
    late = draw(st.sampled_from(GAPS))
    parts = (plain[:2], plain[2:4], plain[4:6], plain[6:])
    written = gap.join(parts[:3]) + late + parts[3]
    spread = draw(st.sampled_from([None, None, "", " ", "-", "\u2009"]))
    if spread is not None:
        written = spread.join(plain)
    written = "".join(script[int(c)] if c in "0123456789" else c for c in written)
    return plain, draw(st.sampled_from(sorted(WRITINGS.items())))[1](written)


def digits_left(said: object) -> str:
    """All that anybody could read of digits in it, whatever is decoded."""
    flat = str(said)
    for _ in range(5):
        flat = unescape(unquote(flat))
        flat = re.sub(
            r"\\U([0-9a-f]{8})|\\u([0-9a-f]{4})|\\x([0-9a-f]{2})", lambda m: chr(int(m[1] or m[2] or m[3], 16)), flat
        )
    found = (unicodedata.digit(letter, None) for letter in flat)
    return "".join(str(digit) for digit in found if digit is not None)


@given(number=numbers(), where=st.sampled_from(TEXT_COLUMNS), before=st.text(max_size=12), after=st.text(max_size=12))
@example(number=("0101701234", "0101701234"), where=("dns", "rrname"), before="9", after="9")
@example(number=("3112991234", "311299-1234"), where=("tls", "ja3"), before="", after="")
def test_no_number_survives_in_any_column(number, where, before, after) -> None:
    plain, written = number
    made = redacted(*where, f"{before}{written}{after}")
    assert plain not in digits_left(made), made
    listed = redacted(*where, [written, "x"])
    assert plain not in digits_left(listed)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=30) | st.integers() | st.none(), max_size=5), numbers())
def test_no_number_survives_in_what_is_nested(given_, number) -> None:
    plain, written = number
    made = tree({"why": [written, {"deep": (written, given_)}]})
    assert plain not in digits_left(made["why"][0])
    assert plain not in digits_left(made["why"][1]["deep"][0])


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("010170-1234", CPR),
        ("patient 01 01 70 1234 came", f"patient {CPR} came"),
        ("01.01.1970-1234", CPR),
        ("610170-1234", CPR),
        ("id=010170%2D1234&x", f"id={CPR}&x"),
        ("mail anna.jensen+x@sygehus.example now", f"mail {EMAIL} now"),
        ("anna%40sygehus.example", EMAIL),
        ("https://anna:hemmelig@host.example/a", f"https://{USER}@host.example/a"),
        ("https://host.example/a?navn=anna&b=2 ok", f"https://host.example/a?{QUERY} ok"),
        ("C:\\Users\\tina\\x", f"C:\\Users\\{USER}\\x"),
        ("C:\\Users\\xabe\\x", f"C:\\Users\\{USER}\\x"),
        ("0101\\t70\\t1234", CPR),
        ("\\\\srv\\d$\\Users\\anna\\a.doc", f"\\\\srv\\d$\\Users\\{USER}\\a.doc"),
    ],
)
def test_words(said, left) -> None:
    assert text(said) == left


@pytest.mark.parametrize(
    "said",
    [
        "10.11.121.134",
        "10.1.2.3 -> 185.32.20.6:443",
        "2001:db8::1",
        "cdn-sync-hub.net",
        "Windows NT 10.0; Win64",
        "2026-11-24T16:00:00.000000Z",
        "ET MALWARE Cobalt Strike (2024)",
        "/a/b/c.js",
        "4510101070",
        "",
        "%",
        "&#;",
    ],
)
def test_what_is_nobody_s_stays(said) -> None:
    assert text(said) == said


def test_urls_lose_their_query_and_calculated_values_stay_where_they_are() -> None:
    assert redacted("http", "url", "/soeg?cpr=1 2&navn=x") == f"/soeg?{QUERY}"
    assert redacted("http", "url", "/soeg%3Fnavn=x") == f"/soeg%3F{QUERY}"
    assert redacted("fileinfo", "filename", "/doc.php?user=anna") == f"/doc.php?{QUERY}"
    for table, column in (("krb5", "cname"), ("rdp", "cookie"), ("smb", "ntlm_user"), ("dhcp", "hostname")):
        assert redacted(table, column, "anna") == USER
        assert redacted(table, column, None) is None
    md5 = "0101701234" + "a" * 22
    assert redacted("tls", "ja3", md5) == md5
    assert redacted("tls", "sni", md5) != md5
    assert redacted("tls", "ja3", md5 + "0") != md5 + "0"
    assert redacted("flow", "bytes_toserver", 101701234) == 101701234


@given(st.text())
def test_whatever_is_given_it_ends_and_done_twice_is_done_once(said) -> None:
    once = text(said)
    assert text(once) == once
