"""Mail: mailboxes on the disk, messages read without trusting them, messages built so that no content adds a header."""
