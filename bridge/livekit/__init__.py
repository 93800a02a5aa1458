"""LiveKit: calls, the tokens that let people in, webhooks, and the recorder that listens."""
