"""Who may read the bot, and how the keys get to them: against a homeserver that serves what a test makes up."""
