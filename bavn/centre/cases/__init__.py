"""Leads somebody triages: life-cycle, standing policies, approval by two, verdicts, clocks, and the audit log."""
