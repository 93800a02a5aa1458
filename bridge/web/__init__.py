"""The join page and the HTTP side: calls by link, LiveKit's webhooks, health and metrics."""
