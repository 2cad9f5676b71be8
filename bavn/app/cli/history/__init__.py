"""Commands over history that is there already, nothing configured: captures and logs in, findings or a report out."""
