"""Our edges on the real servers."""
