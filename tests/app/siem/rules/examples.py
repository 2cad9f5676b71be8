"""An indicator of each type that is released, for tests of rules."""

from bavn.model.intel.indicator import Indicator, Pap, Tlp, indicator_id
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable, ObservableType

NOW_US = 20_700 * DAY_US
PLACE = "https://centre.example/indicators/one"
JA4, JA4S = "t13d1516h2_8daaf6152771_b186095e22b6", "t130200_1301_a56c5b993250"
OBSERVABLES = {
    "domain": Observable.of("domain", "evil-c2.example.com"),
    "ip4": Observable.of("ip4", "198.41.0.4"),
    "ip6": Observable.of("ip6", "2001:500:2::c"),
    "ja3": Observable.of("ja3", "e7d705a3286e19ea42f587b344ee6865"),
    "ja4": Observable.of("ja4", JA4),
    "ja4-quic": Observable.of("ja4", f"q{JA4[1:]}"),
    "cert-sha1": Observable.of("cert", "0123456789abcdef" * 2 + "01234567"),
    "cert-sha256": Observable.of("cert", "0123456789abcdef" * 4),
    "sha256": Observable.of("sha256", "fedcba9876543210" * 4),
    "pair-ja3": Observable.of("fp-pair", f"{'a1' * 16}+{'b2' * 16}"),
    "pair-ja4": Observable.of("fp-pair", f"{JA4}+{JA4S}"),
    "chain": Observable.of("chain", "T1071.001-T1105"),
}
assert {one.type for one in OBSERVABLES.values()} == set(ObservableType)


def indicator(observable, **other):
    """As the sector releases one."""
    plain = {
        "id": indicator_id(observable),
        "version": NOW_US,
        "observable": observable,
        "tlp": Tlp.AMBER,
        "pap": Pap.GREEN,
        "confidence": 70,
        "valid_from_us": NOW_US - DAY_US,
        "valid_until_us": NOW_US + 30 * DAY_US,
        "case_id": "case-0123456789abcdef",
        "technique": "T1071.001",
    }
    return Indicator(**plain | other)
