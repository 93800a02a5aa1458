"""The edges: LiveKit, Matrix, the web."""
