"""Facts of a period that somebody else recorded: single outages, and series of counted requests."""
