"""Documents of a search engine, a shipper or a collector: EVE's and Zeek's lines, wrapped or under other names."""
