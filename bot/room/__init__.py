"""What a room sees: the sentences, the card, and posting all of it once."""
