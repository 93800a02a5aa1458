"""How good a transcript is: recorded meetings with their reference, and the word errors against it."""
