"""One process: who it is, that it is the only one, that the others see it, and how it ends."""
