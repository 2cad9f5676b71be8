"""The Suricata signature numbers of our own rules: what is asked for by them is ours, and nobody else's.

1,817,000 to 1,817,999 lies in the range that Suricata's community leaves to local rules. Refuses to know the rules.
"""

from typing import Final

from bavn.model.intel.own_rules import OWN_RULES

SID_FIRST: Final = OWN_RULES[0]
SID_LAST: Final = OWN_RULES[-1]
SID_ADDRESS: Final = (1_817_001, 1_817_002)
SID_FINGERPRINT: Final = {"ja3": 1_817_011, "ja4": 1_817_012, "cert": 1_817_013}
SID_NAMES: Final = {"dns.query": 1_817_100, "tls.sni": 1_817_200, "http.host": 1_817_300, "quic.sni": 1_817_400}
"""First number of each row of rules; the number of labels is added to it."""
