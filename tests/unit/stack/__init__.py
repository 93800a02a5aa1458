"""The people and the judge of the stack, without servers."""
