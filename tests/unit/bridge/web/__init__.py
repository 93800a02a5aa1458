"""The HTTP side with fakes behind it."""
