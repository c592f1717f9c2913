"""A language model's work: what is said to it, long texts worked through in parts, and what comes of it."""
