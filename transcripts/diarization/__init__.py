"""Whose voice is whose, where several people share a microphone."""
