"""What runs: the three processes, what keeps them running, and how they are doing."""
