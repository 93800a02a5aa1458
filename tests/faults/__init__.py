"""Greffier's processes killed at every step of a meeting, its servers taken away: what the room then holds."""
