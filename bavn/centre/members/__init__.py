"""Actors, enrolment, certificates, quotas."""
