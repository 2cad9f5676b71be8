"""Suricata's rules: fetched, tried, put in place, tuned."""
