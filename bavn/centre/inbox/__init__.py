"""The way IN (gate 2): is it them, well-formed, within quota, new?"""
