"""Words to a transcript: the tracks on one clock, as the turns of people who have names."""
