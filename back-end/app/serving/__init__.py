"""What a worker keeps in memory, how it follows changes, and how lists are made from it."""
