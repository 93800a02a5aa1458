"""What can be tested without any server."""
