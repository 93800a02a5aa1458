"""Load: one machine driven to its limit, each figure beside a baseline of the same run. `python -m tests.load`."""
