"""Flow records that routers and switches send: NetFlow, IPFIX, sFlow."""
