"""Fetching models and keeping their list."""
