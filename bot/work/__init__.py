"""What the recorder and the speech process do for a meeting."""
