"""Whom we talk to: connectors translate, they never decide."""
