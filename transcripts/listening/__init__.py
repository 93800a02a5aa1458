"""Sound to utterances: who speaks when in a track, found as the sound comes."""
