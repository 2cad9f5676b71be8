"""Configuration: one TOML file a party; each field has unit, default, bounds and a sentence."""
