"""Servers, certificates, mail and webhooks: what every service that is reached or reaches out shares."""
