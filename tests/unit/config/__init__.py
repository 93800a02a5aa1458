"""The settings and the registration file."""
