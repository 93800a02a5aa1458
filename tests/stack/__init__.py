"""The real servers, and people who use them: the same for the tests, `make stack` and `make demo`."""
