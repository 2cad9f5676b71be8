"""Evidence for a case: no own address or inside name, the same word for the same one, the rest as it was."""

from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.evidence.bundle import Sheet
from bavn.actor.evidence.own import Own

HOMES = ("10.0.0.0/8", "25.200.0.0/16", "2001:db8:7::/48")


def test_own_addresses_and_what_they_could_be_computed_from_go() -> None:
    own = Own(HOMES)
    assert own.value("10.1.2.3:445 to 185.1.2.3:443 by srv01.corp.local.") == "own-1:445 to 185.1.2.3:443 by own-2."
    assert own.value({"a": ["25.200.3.3", 7, None], "b": "10.1.2.3"}) == {"a": ["own-3", 7, None], "b": "own-1"}
    assert own.value("2001:db8:7::9 and 2a00:1450::5") == "own-4 and 2a00:1450::5"
    assert own.value("::ffff:10.1.2.3") == "own-5"
    assert own.value("7.2.10.in-addr.arpa") == "own-6"
    assert own.value("src:10.1.2.3,dst:8.8.8.8") == "src:own-1,dst:8.8.8.8"
    assert own.value("Version 1.2.3 of 2026-11-24T10:00:00") == "Version 1.2.3 of 2026-11-24T10:00:00"
    sheet = Sheet("rows", "flow", ["src", "community_id", "dst"], [["10.1.2.3", "1:abc=", "8.8.8.8"]], False)
    made = Own(HOMES).sheet(sheet)
    assert list(made.names) == ["src", "dst"]
    assert [list(row) for row in made.rows] == [["own-1", "8.8.8.8"]]


@given(
    numbers=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=5),
    glue=st.sampled_from([" ", ", ", " -> ", "\n", "|", "; ", "/"]),
)
def test_no_own_address_is_left_whatever_it_stands_among(numbers, glue) -> None:
    addresses = [ip_address(number) for number in numbers]
    said = Own(HOMES).value(glue.join(map(str, addresses)))
    homes = [ip_network(home) for home in HOMES]
    for address in addresses:
        inside = any(address in home for home in homes if home.version == 4)
        words = said.split(glue)
        assert (str(address) in words) == (
            not inside and (address.is_global or address.is_loopback or address.is_unspecified)
        )
