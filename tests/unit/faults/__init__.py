"""The fault suite's own judgement."""
