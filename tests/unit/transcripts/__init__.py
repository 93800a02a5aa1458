"""Sound to words, station by station."""
