"""Logs of resolvers, proxies, firewalls and DHCP servers, one file a format."""
