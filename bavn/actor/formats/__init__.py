"""Formats that more than one room reads: captures, headers of packets, TLS hellos, lines, gzip. Bytes to values."""
