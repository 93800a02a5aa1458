"""The Matrix side: who the bot is on its homeserver, what it hears there and what it says."""
