"""What a contract says beside its ladder, one clause per module: who, when, of what, how much."""
