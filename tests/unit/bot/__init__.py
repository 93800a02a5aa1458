"""What the bot reads, decides, says and does."""
