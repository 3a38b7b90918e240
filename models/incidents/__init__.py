"""Incidents: what people are told about an outage, from the first alert to the postmortem."""
