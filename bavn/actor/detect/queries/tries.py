"""Tries to log on, by service, source, target and day, in SQL: how many there were, and how many failed.

Where the records name the outcome (Kerberos, SMB, HTTP, SSH from Zeek) it is taken from them; elsewhere (SSH, RDP,
FTP, telnet, VNC as flows) a short connection that was answered is a guess that failed, and worth less. Refuses to
judge.
"""

from typing import Final

from bavn.actor.detect.queries.peers import one_peer

KRB5_FAILED: Final = ("KDC_ERR_PREAUTH_FAILED", "KDC_ERR_C_PRINCIPAL_UNKNOWN", "KDC_ERR_CLIENT_REVOKED")
SMB_FAILED: Final = (
    "STATUS_LOGON_FAILURE",
    "STATUS_WRONG_PASSWORD",
    "STATUS_NO_SUCH_USER",
    "STATUS_ACCOUNT_LOCKED_OUT",
    "STATUS_ACCOUNT_DISABLED",
    "STATUS_ACCOUNT_RESTRICTION",
    "STATUS_PASSWORD_EXPIRED",
)
BRIEF_S: Final = 60
BRIEF_PACKETS: Final = {"ssh": 30, "rdp": 40, "ftp": 30, "telnet": 60, "vnc": 40}
"""Packets from the client in a connection that ended at the log-on: key exchange and a few passwords, no session."""
UNNAMED_PACKETS_MIN: Final = 8
"""Where no one says which protocol was spoken on the port: so many packets from the client are more than a greeting."""
ANSWER_BYTES_MIN: Final = 200
"""A handshake alone, without a word of the server's, is a scan's."""
_PORTS: Final = {22: "ssh", 3389: "rdp", 21: "ftp", 23: "telnet", 2323: "telnet", 5900: "vnc"}
_APPS: Final = {"ssh": "ssh", "rdp": "rdp", "ftp": "ftp", "telnet": "telnet", "rfb": "vnc"}


def _quoted(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _case(column: str, names: dict[str, str] | dict[int, str]) -> str:
    return " ".join(f"WHEN {column} = {key!r} THEN '{name}'" for key, name in names.items())


_SERVICE: Final = f"CASE {_case('app_proto', _APPS)} {_case('dst_port', _PORTS)} END"
_BRIEF: Final = " ".join(f"WHEN '{name}' THEN {packets}" for name, packets in BRIEF_PACKETS.items())

_TRIES: Final = f"""
    known AS (SELECT DISTINCT sensor, flow_id FROM ssh WHERE flow_id > 0
        AND (auth_success IS NOT NULL OR auth_attempts IS NOT NULL)),
    asked AS (SELECT sensor, flow_id, min(cname) AS asked FROM krb5 WHERE flow_id > 0 AND cname IS NOT NULL
        GROUP BY sensor, flow_id),
    told AS (
        SELECT 'krb5' AS service, src, dst, ts, coalesce(cname, asked) AS who, TRUE AS sure, NOT success AS failed,
            1 AS n FROM krb5 LEFT JOIN asked USING (sensor, flow_id)
            WHERE success IS NOT NULL AND (msg_type = 'KRB_AS_REP' OR error_code IN ({_quoted(KRB5_FAILED)}))
        UNION ALL SELECT 'smb', src, dst, ts, ntlm_user, TRUE, status <> 'STATUS_SUCCESS', 1 FROM smb
            WHERE command LIKE '%SESSION_SETUP%' AND status IN ('STATUS_SUCCESS', {_quoted(SMB_FAILED)})
        UNION ALL SELECT 'http', src, dst, min(ts), NULL, TRUE, bool_and(status = 401), 1 FROM http
            WHERE status = 401 OR status BETWEEN 200 AND 399
            GROUP BY sensor, flow_id, src, dst, CASE WHEN flow_id = 0 THEN ts END
        UNION ALL SELECT 'ssh', src, dst, ts, NULL, TRUE, NOT coalesce(auth_success, FALSE),
            greatest(1, coalesce(auth_attempts, 1)) FROM ssh WHERE auth_success IS NOT NULL
        UNION ALL SELECT {_SERVICE} AS service, src, dst, ts, NULL, FALSE,
            pkts_toserver <= CASE service {_BRIEF} END AND epoch_us(ts_end) - epoch_us(ts) <= {BRIEF_S * 1_000_000}, 1
            FROM flow ANTI JOIN known USING (sensor, flow_id)
            WHERE proto = 'tcp' AND failed IS NOT TRUE AND since IS NULL AND coalesce(sampling, 1) = 1
                AND bytes_toclient >= {ANSWER_BYTES_MIN} AND service IS NOT NULL
                AND (app_proto <> 'failed' OR pkts_toserver >= {UNNAMED_PACKETS_MIN})),
    tries AS (SELECT *, epoch_us(ts) // 86400000000 AS day, epoch_us(ts) // 600000000 AS span FROM told
        WHERE src <> dst AND {one_peer("src")} AND {one_peer("dst")} AND (is_home(src) OR is_home(dst)))"""

TRIES_SQL: Final = f"""
    WITH {_TRIES},
    spans AS (SELECT service, src, day, span, sum(n) AS n FROM tries WHERE failed GROUP BY ALL),
    busiest AS (SELECT service, src, day, max(n)::BIGINT AS busiest FROM spans GROUP BY ALL),
    begun AS (SELECT service, src, day, min(ts) AS begun FROM tries WHERE failed GROUP BY ALL)
    SELECT service, src, is_home(src) AS outward, day, bool_or(sure) AS sure, sum(n)::BIGINT AS n,
        coalesce(sum(n) FILTER (failed), 0)::BIGINT AS failed, count(DISTINCT dst) FILTER (failed) AS targets,
        count(DISTINCT who) FILTER (failed) AS names, coalesce(max(busiest), 0) AS busiest,
        arg_max(dst, (failed, dst)) AS target, epoch_us(min(ts)) AS first, epoch_us(max(ts)) AS last,
        coalesce(sum(n) FILTER (NOT failed AND ts >= begun), 0)::BIGINT AS later
    FROM tries LEFT JOIN busiest USING (service, src, day) LEFT JOIN begun USING (service, src, day)
    GROUP BY service, src, day
    ORDER BY failed DESC, n DESC, service, src, day LIMIT $limit"""
"""One row for each service, source and day. ``targets`` and ``names``: among the failures. ``busiest``: failures in the
busiest ten minutes. ``later``: what did not fail after the first failure."""

STRANGERS_SQL: Final = f"""
    WITH {_TRIES},
    sources AS (SELECT service, dst, src, day, sum(n) AS n, bool_and(failed) AS failed, min(ts) AS first,
        max(ts) AS last FROM tries WHERE is_home(dst) GROUP BY service, dst, src, day),
    friends AS (SELECT DISTINCT service, dst, src FROM sources WHERE NOT failed),
    wide AS (SELECT src, count(DISTINCT dst_port) AS ports FROM pair_hour WHERE is_home(dst) GROUP BY src),
    strangers AS (SELECT sources.*, coalesce(ports, 1) <= 1
            AND day = min(day) OVER (PARTITION BY service, dst, src) AS fresh
        FROM sources ANTI JOIN friends USING (service, dst, src) LEFT JOIN wide USING (src) WHERE n <= $few)
    SELECT service, dst, day, count(*) AS sources, count(*) FILTER (fresh) AS fresh,
        epoch_us(min(first)) AS first, epoch_us(max(last)) AS last,
        list(src ORDER BY n DESC, src)[:8] AS some
    FROM strangers GROUP BY service, dst, day ORDER BY sources DESC, service, dst, day LIMIT $limit"""
"""Sources that never once got in, each of few tries, by service, target and day. ``fresh``: those for whom it is the
first day, and who called no other port here."""
