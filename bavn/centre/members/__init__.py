"""Members: actors, their place in the join, enrolment, certificates, quotas. Refuses to know what they say."""
