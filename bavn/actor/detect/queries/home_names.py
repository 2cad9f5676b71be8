"""The actor's own domains, learned from its traffic: those of its directory, whatever public suffix they have.

A machine in a directory asks for its domain's services (``_ldap._tcp``, ``_kerberos._tcp``, names under ``_msdcs``) and
gets tickets of its realm from a machine inside. Anybody may ask such names of a domain of their own through the
actor's resolver, so asking makes nobody's domain a home: the resolver must itself serve a directory, and a fair share
of all that ask must ask for that domain. Refuses to forget: what is home weighs less, it is never left out.
"""

import re
from typing import Final

from bavn.model.observable import is_internal_name, registered_domain
from bavn.model.ports import Window

HOME_DOMAINS_MAX: Final = 16
ASKERS_SHARE_MIN: Final = 0.25
"""Of the machines that ask for any directory: an implant on one of many names no home."""
_ROWS_MAX: Final = 10_000
_SERVICE: Final = re.compile(
    r"""
    ^ (?: _(?:ldap|kerberos|kpasswd|gc) \. _(?:tcp|udp) \. )    # the service that is asked for
    (?: [^.]+ \. _sites \. )?                                   # at one site of the directory
    (?: [^.]+ \. _msdcs \. )?                                   # of one kind of server: dc, gc, pdc, a domain's number
    (?: (?:domaindnszones|forestdnszones) \. )?
    (?P<domain> [^_.] [^_]* ) $
    """,
    re.VERBOSE,
)
_ASKED: Final = f"""
    WITH serving AS (SELECT DISTINCT dst FROM pair_hour WHERE is_home(src) AND is_home(dst) AND proto = 'tcp'
        AND dst_port IN (88, 389, 445, 636, 3268) AND answered > 0)
    SELECT rrname, src FROM dns SEMI JOIN serving USING (dst)
    WHERE answered AND rcode = 'NOERROR' AND is_home(src) AND starts_with(rrname, '_')
        AND (contains(rrname, '_ldap._tcp') OR contains(rrname, '_kerberos._') OR contains(rrname, '_kpasswd._')
            OR contains(rrname, '_gc._tcp'))
    GROUP BY rrname, src ORDER BY rrname, src LIMIT {_ROWS_MAX}"""
_REALMS: Final = f"""
    SELECT DISTINCT lower(realm) AS realm FROM krb5 WHERE is_home(src) AND is_home(dst) AND contains(realm, '.')
        AND success ORDER BY realm LIMIT {_ROWS_MAX}"""


def home_domains(window: Window) -> tuple[str, ...]:
    """The domains of directories inside, in order of name; at most HOME_DOMAINS_MAX."""
    if not window.homes:
        return ()
    askers: dict[str, set[object]] = {}
    for name, host in window.rows(_ASKED):
        domain = directory_of(name)
        if domain is not None:
            askers.setdefault(domain, set()).add(host)
    every = len(set().union(*askers.values()))
    found = {domain for domain, hosts in askers.items() if len(hosts) >= ASKERS_SHARE_MIN * every}
    found |= {realm for (realm,) in window.rows(_REALMS) if _is_domain(realm)}
    return tuple(sorted(found)[:HOME_DOMAINS_MAX])


def directory_of(name: str) -> str | None:
    """The domain whose directory a name asks for; None where it asks for none, or for one that is internal anyway."""
    asked = _SERVICE.match(name.lower())
    return asked["domain"] if asked is not None and _is_domain(asked["domain"]) else None


def _is_domain(name: str) -> bool:
    return not is_internal_name(name) and registered_domain(name) is not None


class HomeNames:
    """Which names are the actor's own: internal ones, and all of and under its domains."""

    def __init__(self, domains: tuple[str, ...] = ()) -> None:
        self.domains = domains
        self._registered = frozenset(filter(None, map(registered_domain, domains)))

    def holds(self, name: str) -> bool:
        """Whether this name is the actor's own."""
        return is_internal_name(name) or any(name == own or name.endswith("." + own) for own in self.domains)

    def holds_domain(self, domain: str) -> bool:
        """The same of a registered domain, under which one's own may lie."""
        return self.holds(domain) or domain in self._registered
