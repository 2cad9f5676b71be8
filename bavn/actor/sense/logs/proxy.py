"""What squid's native access.log and the common and combined log formats share: a proxied request as records.

A request is an http row; a CONNECT is a tls row with the host as its name. Where the log says which server was called
it is a flow as well, so that what was sent out is counted. ``dst`` is that server; ``::`` where the log does not say.
Refuses to know where the words stand in a line.
"""

from typing import Final

from bavn.actor.sense.logs.format import COMMON, NOBODY
from bavn.actor.sense.logs.head import extract

_URL: Final = r"""
    ^(?: ([a-zA-Z][a-zA-Z0-9+.-]*):// )?                        # scheme
    (?: [^/@\s]*@ )?                                            # who signs in, which is not kept
    (\[[0-9a-fA-F:.]+\]|[^/:?#\[\]]*)                           # host
    (?: :([0-9]{1,5}) )?                                        # port
    ([/?#].*)? $                                                # path
"""

COLUMNS: Final = {
    "http": {
        **COMMON,
        "host": "host",
        "url": "coalesce(filled(u.path), '/')",
        "method": "method",
        "user_agent": "agent",
        "status": "status",
        "content_type": "content",
        "request_bytes": "sent",
        "response_bytes": "got",
    },
    "tls": {**COMMON, "sni": "CASE WHEN named IS NULL THEN host END"},
    "flow": {
        **COMMON,
        "ts_end": "ended",
        "app_proto": "CASE WHEN method = 'CONNECT' THEN 'tls' ELSE 'http' END",
        "bytes_toserver": "sent",
        "bytes_toclient": "got",
        "state": "CASE WHEN refused THEN 'new' ELSE 'closed' END",
        "failed": "refused",
    },
}
ALSO: Final = {"flow": f"outcome IN ('http', 'tls') AND dst <> {NOBODY}"}


def stage(read: str) -> str:
    """A stage over ``read``, a SELECT that gives n, logged (begun), ended, client, method, target, status, got, sent
    (bytes, NULL unknown), peer (address text or NULL), agent, content and kin."""
    return f"""
    WITH read AS ({read}),
    split AS (SELECT *, {extract("target", _URL, "scheme host port path")} AS u, address_of(client) AS src FROM read),
    aimed AS (SELECT *, host_of(u.host) AS host, address_of(host_of(u.host)) AS named,
        coalesce(port_of(filled(u.port)), CASE lower(u.scheme) WHEN 'https' THEN 443 WHEN 'ftp' THEN 21 WHEN '' THEN 443
          ELSE 80 END) AS dst_port,
        kin AND (method = 'CONNECT' OR u.scheme <> '') AND u.host <> '' AS ours FROM split),
    typed AS (SELECT * EXCLUDE (kin), ours AS kin, 0 AS src_port, 'tcp' AS transport,
        coalesce(address_of(peer), named, {NOBODY}) AS dst,
        method = 'CONNECT' AND status IN (502, 503, 504) AS refused, CAST(NULL AS VARCHAR) AS community_id,
        CAST(NULL AS UTINYINT) AS icmp_type, CAST(NULL AS UTINYINT) AS icmp_code
      FROM aimed),
    judged AS (SELECT *, CASE WHEN NOT kin THEN NULL
        WHEN src IS NULL THEN 'address: ' || shown(client)
        WHEN logged IS NULL THEN 'no time' END AS reason FROM typed)
    SELECT *, CASE WHEN fault IS NOT NULL THEN NULL WHEN NOT kin THEN '' WHEN reason IS NULL THEN
      CASE WHEN method = 'CONNECT' THEN 'tls' ELSE 'http' END END AS outcome
    FROM (SELECT * EXCLUDE (reason), coalesce(fault, reason) AS reason FROM judged)"""
