"""Models as folders: fetched from a hub beforehand, listed with their sums, and checked against that list."""
