"""Two homeservers that federate: people of the other one are members like any other."""
