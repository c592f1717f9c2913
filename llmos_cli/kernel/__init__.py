"""One turn: request → plan → effects → verdict → apply → record. The only organ that knows all others."""
