"""Leads somebody triages: life-cycle, approval, clocks."""
