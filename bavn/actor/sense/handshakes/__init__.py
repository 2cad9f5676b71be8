"""What conversations agree on as they begin: TLS, QUIC, SSH."""
