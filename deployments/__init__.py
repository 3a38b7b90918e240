"""How it starts: the command line, deployments, migrations and examples."""
