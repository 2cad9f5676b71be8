"""Community ID v1 (seed 0) computed on columns, for sources that did not log it.

Source: github.com/corelight/community-id-spec. Refuses to know any log; the tests hold it against the spec's own
Python package.
"""

from typing import Final

# ICMP types that come in pairs of question and answer: such a flow has two directions, any other has one.
_PAIRS_V4 = {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 10: 9, 9: 10, 17: 18, 18: 17}
_PAIRS_V6 = {
    128: 129,
    129: 128,
    133: 134,
    134: 133,
    135: 136,
    136: 135,
    130: 131,
    131: 130,
    139: 140,
    140: 139,
    144: 145,
    145: 144,
}


def _cases(pairs: dict[int, int]) -> str:
    return " ".join(f"WHEN {kind} THEN {answer}" for kind, answer in pairs.items())


# community_of's kind and code: ICMP's, NULL elsewhere. NULL for a protocol that has no number.
MACROS: Final = f"""
CREATE OR REPLACE MACRO icmp_answer(proto, kind) AS CASE proto
  WHEN 'icmp' THEN CASE kind {_cases(_PAIRS_V4)} END
  WHEN 'ipv6-icmp' THEN CASE kind {_cases(_PAIRS_V6)} END END;
CREATE OR REPLACE MACRO proto_number(proto) AS CASE proto
  WHEN 'tcp' THEN 6 WHEN 'udp' THEN 17 WHEN 'icmp' THEN 1 WHEN 'ipv6-icmp' THEN 58 WHEN 'sctp' THEN 132
  ELSE TRY_CAST(proto AS UTINYINT) END;
CREATE OR REPLACE MACRO address_hex(a) AS CASE
  WHEN is_v4(a) THEN right(CAST(a AS VARCHAR), 8) ELSE replace(CAST(a AS VARCHAR), '-', '') END;
CREATE OR REPLACE MACRO community_text(a, b, number, a_port, b_port) AS
  '1:' || to_base64(unhex(sha1(unhex('0000' || address_hex(a) || address_hex(b) || printf('%02x00', number)
  || coalesce(printf('%04x%04x', a_port::INTEGER, b_port::INTEGER), '')))));
CREATE OR REPLACE MACRO community_sorted(a, b, number, a_port, b_port, two_way) AS CASE
  WHEN two_way AND (a > b OR (a = b AND coalesce(a_port > b_port, FALSE)))
  THEN community_text(b, a, number, b_port, a_port)
  ELSE community_text(a, b, number, a_port, b_port) END;
CREATE OR REPLACE MACRO community_of(src, dst, proto, src_port, dst_port, kind, code) AS CASE
  WHEN proto_number(proto) IS NULL THEN NULL
  WHEN proto IN ('tcp', 'udp', 'sctp')
  THEN community_sorted(src, dst, proto_number(proto), src_port, dst_port, TRUE)
  WHEN proto IN ('icmp', 'ipv6-icmp') THEN CASE WHEN kind IS NULL THEN NULL
    ELSE community_sorted(src, dst, proto_number(proto), kind, coalesce(icmp_answer(proto, kind), code, 0),
                          icmp_answer(proto, kind) IS NOT NULL) END
  ELSE community_sorted(src, dst, proto_number(proto), NULL, NULL, TRUE) END;
"""
