"""Nouns that many sentences count, agreeing with the number. What one sentence alone counts stands in it."""

from bavn.model.text import Text


def records(count: int) -> Text:
    """``1 record``, ``1,203 records``."""
    return Text.counted("{count:,} record", "{count:,} records", count)


def own_hosts(count: int) -> Text:
    """``1 own host``, ``40 own hosts``."""
    return Text.counted("{count:,} own host", "{count:,} own hosts", count)


def clients(count: int) -> Text:
    """``1 client``, ``40 clients``."""
    return Text.counted("{count:,} client", "{count:,} clients", count)


def days(count: int) -> Text:
    """``1 day``, ``30 days``."""
    return Text.counted("{count:,} day", "{count:,} days", count)


def rules(count: int) -> Text:
    """``1 rule``, ``40,000 rules``."""
    return Text.counted("{count:,} rule", "{count:,} rules", count)


def actors(count: int) -> Text:
    """``1 actor``, ``12 actors``."""
    return Text.counted("{count:,} actor", "{count:,} actors", count)


def cases(count: int) -> Text:
    """``1 case``, ``12 cases``."""
    return Text.counted("{count:,} case", "{count:,} cases", count)


def indicators(count: int) -> Text:
    """``1 indicator``, ``12 indicators``."""
    return Text.counted("{count:,} indicator", "{count:,} indicators", count)
