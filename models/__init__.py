"""What we know: pure rules and values; no clock, no I/O, no float."""
