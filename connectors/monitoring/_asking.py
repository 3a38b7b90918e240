"""Asking over HTTP, which all roles that read share; see `connectors.asking`."""

from connectors.asking import Asking, authorization

__all__ = ["Asking", "authorization"]
