"""The ways to a SIEM, one file each: a file, syslog over TLS, and three shapes of HTTP."""
