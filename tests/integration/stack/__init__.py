"""The stack itself: that it starts, is what it says, and leaves nothing behind."""
