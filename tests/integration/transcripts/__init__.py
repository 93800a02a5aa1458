"""Recognition with the real model."""
