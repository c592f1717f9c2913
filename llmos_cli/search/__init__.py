"""Full-text search over a person's files: the walk, the child that reads documents, the index, and what is found in it."""
