"""What may be told of a row as it is: words of protocols, out of closed lists and narrow forms. Anything else is left
out, so that a log that puts a person or a host where a protocol's word belongs says nothing.
"""

import re
from typing import Any, Final


def _form(pattern: str) -> re.Pattern[str]:
    """In verbose form."""
    return re.compile(pattern, re.VERBOSE)


PROTO: Final = _form(r"TCP|UDP|ICMP|IPV6-ICMP|SCTP|\d{1,3}")
STATE: Final = _form("new|established|closed|bypassed")
REASON: Final = _form("timeout|forced|shutdown")
RRTYPE: Final = _form(r"""
    A | AAAA | ANY | CAA | CNAME | DNSKEY | DS | HINFO | HTTPS | LOC | MX | NAPTR       # names, A to N
    | NS | NSEC | NSEC3 | NULL | PTR | RRSIG | SOA | SPF | SRV | SSHFP | SVCB | TLSA    # N to T
    | TXT | URI                                                                         # the rest
    | TYPE\d{1,5} | \d{1,5}                                                             # a number
""")
RCODE: Final = _form("""
    NOERROR | FORMERR | SERVFAIL | NXDOMAIN | NOTIMP | REFUSED    # RFC 1035
    | YXDOMAIN | YXRRSET | NXRRSET | NOTAUTH | NOTZONE            # RFC 2136
""")
APP: Final = _form("""
    bittorrent | dcerpc | dhcp | dnp3 | dns | doh2 | enip | failed | ftp | ftp-data | http | http2 | ike | imap    # a to i
    | krb5 | ldap | modbus | mqtt | nfs | ntp | pgsql | pop3 | quic | rdp | rfb                           # k to r
    | sip | smb | smtp | snmp | ssh | telnet | tftp | tls | websocket                                     # s to w
""")
TLS: Final = _form(r"(TLS|SSL)v?[ ]?[0-9.]{1,4}")
QUIC: Final = _form(r"QUIC\ (v1|v2|[0-9a-f]{8}|draft-[0-9]{1,2}|Q0[0-9]{2}|[0-9]{1,10})?")
METHOD: Final = _form("""
    GET | HEAD | POST | PUT | DELETE | CONNECT | OPTIONS | TRACE | PATCH    # HTTP
    | PROPFIND | REPORT | MKCOL | MOVE | COPY | LOCK | UNLOCK               # WebDAV
""")
CONTENT: Final = _form(r"""
    application/( octet-stream | json | xml | javascript | pdf | zip | gzip | x-www-form-urlencoded     # programs' own
        | x-msdownload | x-dosexec | ocsp-response | grpc | soap\+xml )
    | text/( html | plain | css | xml | javascript | csv )                                              # texts
    | ( image | audio | video | font )/[a-z0-9]{2,8}                                                    # media
""")
SMB_COMMAND: Final = _form(r"SMB[123]?_(COM_)?[A-Z0-9_]{3,40}")
SMB_STATUS: Final = _form(r"(NT_)?STATUS_[A-Z0-9_]{3,50}|UNKNOWN")
DISPOSITION: Final = _form("FILE_(OPEN|CREATE|OPEN_IF|OVERWRITE|OVERWRITE_IF|SUPERSEDE)")
PIPE: Final = _form(r"""
    (?i) \\? (pipe\\)?                                                                    # where pipes are
    ( svcctl | atsvc | samr | lsarpc | lsass | netlogon | srvsvc | wkssvc | winreg        # Windows' own
    | spoolss | eventlog | epmapper | drsuapi | ntsvcs | browser | protected_storage | initshutdown | trkwks )
""")
TOOL: Final = _form(r"(?i)\\?(psexe|remcom|paexec|csexec|winexe|xcmd|atctl)")
RDP_EVENT: Final = _form("initial_request|initial_response|connect_request|connect_response|tls_handshake")
RDP_PROTOCOL: Final = _form("rdp|ssl|hybrid|hybrid_ex|rdstls|rdsaad")
RDP_RESULT: Final = _form("(SSL|HYBRID|INCONSISTENT|ssl|hybrid)[A-Za-z_ ]{3,60}")
KRB_MESSAGE: Final = _form("KRB_(AS|TGS|AP)_(REQ|REP)|KRB_ERROR|KRB_SAFE|KRB_PRIV|KRB_CRED")
KRB_CIPHER: Final = _form(r"(aes|rc4|des|des3|arcfour|camellia)(-[a-z0-9]{2,12}){0,4}")
KRB_ERROR: Final = _form(r"(KDC_ERR|KRB_AP_ERR|KRB_ERR|KRB)_[A-Z_]{3,40}|\d{1,4}")
ACTION: Final = _form("allowed|blocked")
HEX: Final = _form("[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}")
JA4: Final = _form("[a-z0-9]{10}_[0-9a-f]{12}_[0-9a-f]{12}")
UUID: Final = _form("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SSH: Final = _form(r"""
    (SSH-2\.0-)?                                                        # protocol
    (OpenSSH|dropbear|libssh2?|PuTTY_Release|paramiko|Go|JSCH)          # program
    [_-][0-9][0-9a-z.]{0,11}                                            # version
""")
RULES_OF_VENDORS: Final = ((2_000_000, 2_999_999),)
"""Signature ids that are written by a vendor and say nothing of whoever runs them."""


def one_of(form: re.Pattern[str], value: Any) -> str | None:
    """The text, if it is of just this form; None for anything else."""
    return value if isinstance(value, str) and form.fullmatch(value) else None


def by_vendor(signature_id: Any) -> bool:
    """Whether a rule's words may be told."""
    return isinstance(signature_id, int) and any(low <= signature_id <= high for low, high in RULES_OF_VENDORS)
