"""The scoring itself, against values worked out by hand."""
