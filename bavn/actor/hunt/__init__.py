"""The analyst's own questions to the store: SQL that was kept, Sigma rules. Refuses to know why they are asked."""
