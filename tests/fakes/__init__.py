"""Typed stand-ins for what cannot be provoked for real."""
