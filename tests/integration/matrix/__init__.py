"""The Matrix side, against the real homeserver."""
