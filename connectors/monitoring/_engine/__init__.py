"""The engine: checks files to two artifacts per monitor and month, in one pass over the rows.

`scan` reads rows and numbers their probes, `keys` packs a row into one whole number and gathers
those in buckets that can be sorted alone, `kernel` sorts a bucket, lets one check of each instant
stand, and makes runs and minute counts of it. `measure` puts the three together.
"""
