"""NIS2's clocks and drafts."""
