"""What people type: how it is understood, who may, and what is done about it."""
