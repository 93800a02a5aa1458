"""The life of a meeting, from the command to the transcript in its room; and what comes to it from outside."""
