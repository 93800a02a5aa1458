"""A transcript as people read it: the messages of a room, Markdown, WebVTT; typography."""
