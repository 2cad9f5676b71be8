"""No configuration takes an address over which a password or an answer would go in the clear."""

import importlib
import pkgutil
import re
from dataclasses import fields, is_dataclass, replace

import pytest

import bavn.app.config
from bavn.keyholder.settings import ThresholdSettings
from bavn.model.intel.web_address import is_protected
from bavn.model.sector.intel import BadSource, Source
from bavn.model.settings import SettingsError

CLEAR = "http://elsewhere.example:80/feed"
OTHER = {
    ("CentreTable", "database_url"): "no address of the web: PostgreSQL has TLS of its own, or a file",
    ("PlaceTable", "database_url"): "no address of the web: PostgreSQL has TLS of its own, or a file",
}
BESIDE = {("ThresholdSettings", "holders"): {"number": 1}, ("NodeTable", "keyholder_urls"): {"keyholders_k": 2}}
"""What must be set too, so that the address is what is refused."""


def tables():
    """Each table of a configuration, once."""
    modules = [
        importlib.import_module(f"bavn.app.config.{m.name}") for m in pkgutil.iter_modules(bavn.app.config.__path__)
    ]
    found = {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and is_dataclass(value)
    }
    return sorted({*found, ThresholdSettings}, key=lambda one: one.__qualname__)


def addresses():
    for table in tables():
        for field in fields(table):
            says = str(field.metadata.get("holds", ""))
            if re.search(r"url|issuer", field.name) or re.search(r"https address", says):
                yield table, field.name


@pytest.mark.parametrize(("table", "name"), [one for one in addresses() if (one[0].__name__, one[1]) not in OTHER])
def test_a_table_takes_no_address_in_the_clear(table, name) -> None:
    many = isinstance(getattr(table(), name), tuple)
    urls = (CLEAR, "https://b.example", "https://c.example") if many else CLEAR
    with pytest.raises(SettingsError, match=r"https"):
        replace(table(), **{name: urls}, **BESIDE.get((table.__name__, name), {}))


def test_a_source_of_intelligence_is_asked_over_tls_or_here() -> None:
    for kind in ("taxii", "stix", "misp"):
        with pytest.raises(BadSource, match="https"):
            Source(name="partner", kind=kind, place=CLEAR, trust=50)
    assert Source(name="partner", kind="taxii", place="http://127.0.0.1:8080/api/", trust=50).is_url


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://a.example", True),
        ("HTTPS://a.example:8443/x?y#z", True),
        ("https://[2001:db8::1]:443/", True),
        ("http://localhost:8080/x", True),
        ("http://127.9.9.9/", True),
        ("http://[::1]:80/x", True),
        ("http://localhost.evil.example/", False),
        ("http://127.0.0.1.evil.example/", False),
        ("http://127.0.0.1@evil.example/", False),
        ("http://evil.example\\@127.0.0.1/", False),
        ("http://evil.example#@127.0.0.1/", False),
        ("http://evil.example/127.0.0.1", False),
        ("http:///127.0.0.1", False),
        ("https://", False),
        ("https://[::1", False),
        ("ftp://127.0.0.1/", False),
        ("//127.0.0.1/", False),
        (" http://127.0.0.1/", False),
        ("http://2130706433/", False),
        ("", False),
    ],
)
def test_only_tls_and_this_machine_are_protected(url, fits) -> None:
    assert is_protected(url) is fits
