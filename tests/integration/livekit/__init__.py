"""LiveKit, on the real server."""
