"""How it starts: the command line, deployments, migrations and examples."""

from deployments.processor import choose_instructions

choose_instructions()
