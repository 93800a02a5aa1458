"""A transcript to minutes: what was said that people come back for, each claim with the words that it rests on."""
