"""End-to-end encryption: the bot's device, its cross-signing identity, whom it shares room keys with. Alone has nio."""
