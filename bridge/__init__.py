"""The edges: Matrix, LiveKit and the web. They know the outside, and not each other."""
