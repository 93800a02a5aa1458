"""Typed settings: one YAML file, environment overrides, and the appservice registration file."""
