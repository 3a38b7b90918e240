"""Claims: what vendors owe us, until when it can be claimed, and what became of it."""
