"""The operator's catalogue of exploited weaknesses: read whole or refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.centre.publish.catalogue import ENTRIES_MAX, catalogue_of, named_in

ONE = {
    "cveID": "CVE-2026-1234",
    "vendorProject": "Acme",
    "product": "Gateway",
    "dateAdded": "2026-09-03",
    "knownRansomwareCampaignUse": "Known",
}


def raw(*entries):
    return json.dumps({"vulnerabilities": list(entries)}).encode()


def test_what_it_says() -> None:
    made = catalogue_of(raw(ONE, ONE | {"cveID": "CVE-2020-0001", "knownRansomwareCampaignUse": "Unknown"}), "kev.json")
    assert [(one.cve, one.product, one.ransomware) for one in made.entries] == [
        ("CVE-2020-0001", "Acme Gateway", False),
        ("CVE-2026-1234", "Acme Gateway", True),
    ]
    assert made.ref.startswith("kev.json (sha256 ")
    assert catalogue_of(raw(ONE), "kev.json").ref != made.ref


@pytest.mark.parametrize("bad", [{"cveID": "x"}, {"dateAdded": "yesterday"}, {"cveID": None}])
def test_half_a_catalogue_is_refused(bad) -> None:
    with pytest.raises(ValueError, match="weakness"):
        catalogue_of(raw(ONE, ONE | bad), "kev.json")


def test_too_much_is_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        catalogue_of(raw(*[1] * (ENTRIES_MAX + 1)), "kev.json")


@given(st.binary(max_size=200) | st.text(max_size=50).map(lambda text: raw(ONE | {"product": text, "cveID": text})))
def test_any_bytes_are_a_catalogue_or_one_refusal(given_bytes) -> None:
    try:
        made = catalogue_of(given_bytes, "kev.json")
    except ValueError:
        return
    assert all(one.product.isprintable() for one in made.entries)


def test_names_in_text() -> None:
    assert named_in("see CVE-2026-1234, cve-2026-1 and CVE-2026-12345x") == {"CVE-2026-1234", "CVE-2026-12345"}
