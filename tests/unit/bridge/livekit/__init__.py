"""LiveKit: tokens, webhooks, rejoining."""
