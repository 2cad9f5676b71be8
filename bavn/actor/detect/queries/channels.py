"""Conversations that may carry others, in SQL: echoes, log-ons outwards, proxies, resolvers, VPNs. Refuses to judge.

All group by own host and outside peer (echoes also inside), each with how much went each way and how long it lasted.
"""

from typing import Final

from bavn.actor.detect.queries.peers import one_peer

ECHOES_MIN: Final = 10
"""Requests and replies together; fewer are somebody's look whether a machine is there."""
_OUT: Final = f"is_home(src) AND NOT is_home(dst) AND {one_peer('dst')}"
_GOES: Final = "epoch_us(min(ts)) AS first_us, epoch_us(max(coalesce(ts_end, ts))) AS last_us"

# A reply (type 0, 129) whose request nobody saw is turned round: whoever gets it would have asked.
ECHOES_SQL: Final = f"""
    WITH echoes AS (SELECT CASE WHEN icmp_type IN (0, 129) THEN dst ELSE src END AS asker,
            CASE WHEN icmp_type IN (0, 129) THEN src ELSE dst END AS peer,
            CASE WHEN icmp_type IN (0, 129) THEN [pkts_toclient, bytes_toclient, pkts_toserver, bytes_toserver]
                ELSE [pkts_toserver, bytes_toserver, pkts_toclient, bytes_toclient] END AS went, ts, ts_end, sampling
        FROM flow WHERE (proto = 'icmp' AND icmp_type IN (0, 8)) OR (proto = 'ipv6-icmp' AND icmp_type IN (128, 129)))
    SELECT asker, peer, is_home(asker), is_home(peer), coalesce(sum(went[1]), 0)::BIGINT AS asked,
        coalesce(sum(went[2]), 0)::BIGINT AS asked_bytes, coalesce(sum(went[3]), 0)::BIGINT AS told,
        coalesce(sum(went[4]), 0)::BIGINT AS told_bytes, max(coalesce(sampling, 1)) AS sampling, {_GOES}
    FROM echoes WHERE (is_home(asker) OR is_home(peer)) AND asker <> peer AND {one_peer("asker")} AND {one_peer("peer")}
    GROUP BY asker, peer HAVING asked + told >= {ECHOES_MIN} ORDER BY asker, peer LIMIT $limit"""

# An SSH or RDP conversation is known by its record, or where there is none by what the sensor calls the flow.
LOGONS_SQL: Final = f"""
    WITH spoken AS (SELECT sensor, flow_id, 'ssh' AS kind FROM ssh WHERE flow_id <> 0
        UNION SELECT sensor, flow_id, 'rdp' FROM rdp WHERE flow_id <> 0)
    SELECT src, dst, dst_port, coalesce(kind, app_proto) AS said, sum(bytes_toserver)::BIGINT,
        sum(bytes_toclient)::BIGINT, max(epoch_us(ts_end) - epoch_us(ts)) AS longest_us, {_GOES}
    FROM flow LEFT JOIN spoken USING (sensor, flow_id)
    WHERE proto = 'tcp' AND failed IS NOT TRUE AND {_OUT} AND coalesce(kind, app_proto) IN ('ssh', 'rdp')
    GROUP BY src, dst, dst_port, said ORDER BY src, dst, dst_port, said LIMIT $limit"""

PROXIES_SQL: Final = f"""
    WITH asked AS (SELECT src, dst, dst_port, sensor, flow_id, ts, NULL::TIMESTAMP AS ts_end,
            CASE WHEN "method" = 'CONNECT' THEN 'connect' ELSE 'websocket' END AS kind, http.host AS named FROM http
        WHERE ("method" = 'CONNECT' OR status = 101) AND {_OUT}),
    lasted AS (SELECT sensor, flow_id, max(epoch_us(ts_end) - epoch_us(ts)) AS us FROM flow
        WHERE flow_id <> 0 AND flow_id IN (SELECT flow_id FROM asked) GROUP BY sensor, flow_id)
    SELECT src, dst, dst_port, kind, min(named), count(*), coalesce(max(us), 0)::BIGINT, {_GOES}
    FROM asked LEFT JOIN lasted USING (sensor, flow_id) GROUP BY src, dst, dst_port, kind
    ORDER BY src, dst, dst_port, kind LIMIT $limit"""

RESOLVERS_SQL: Final = f"""
    WITH asked AS (SELECT src, dst, 'named' AS kind, sni AS named, ts FROM tls
            WHERE regexp_matches(sni, '(^|[.-])(doh|odoh|dnscrypt)[0-9]*[.-]|(^|[.])dns[0-9]*[.]') AND {_OUT}
        UNION ALL SELECT src, dst, 'seen', http.host, ts FROM http
            WHERE (starts_with(url, '/dns-query') OR content_type = 'application/dns-message') AND {_OUT}
        UNION ALL SELECT src, dst, 'tls', NULL, ts FROM flow
            WHERE dst_port = 853 AND failed IS FALSE AND {_OUT})
    SELECT src, dst, kind, min(named), count(*), epoch_us(min(ts)), epoch_us(max(ts)) FROM asked
    GROUP BY src, dst, kind ORDER BY src, dst, kind LIMIT $limit"""

VPN_PORTS: Final = {"udp": (500, 1194, 1701, 4500, 51820), "tcp": (1194, 1723)}
"""IKE, OpenVPN, L2TP, WireGuard, PPTP (IANA's registry of ports)."""
VPN_PROTOCOLS: Final = ("4", "41", "47", "50")
"""IP in IP, IPv6 in IPv4, GRE, ESP (IANA's registry of protocol numbers)."""
_PORTS: Final = " OR ".join(
    f"(proto = '{proto}' AND dst_port IN ({', '.join(map(str, ports))}))" for proto, ports in VPN_PORTS.items()
)
_PROTOCOLS: Final = ", ".join(f"'{number}'" for number in VPN_PROTOCOLS)
VPNS_SQL: Final = f"""
    SELECT src, dst, min(proto), min(dst_port), sum(bytes_toserver)::BIGINT AS up, sum(bytes_toclient)::BIGINT AS down,
        {_GOES} FROM flow WHERE failed IS NOT TRUE AND {_OUT} AND ({_PORTS} OR proto IN ({_PROTOCOLS}))
    GROUP BY src, dst HAVING up > 0 AND down > 0 ORDER BY src, dst LIMIT $limit"""

SERVERS_SQL: Final = """
    SELECT dst, count(DISTINCT src) AS callers FROM pair_hour WHERE proto = 'tcp' AND dst_port < 10000 AND answered > 0
        AND is_home(dst) GROUP BY dst HAVING callers >= $callers ORDER BY dst"""
"""Own hosts that serve: so many others called them and were answered."""
