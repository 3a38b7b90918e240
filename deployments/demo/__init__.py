"""The sample workspace of `makegood demo`, as package data; see its README."""
