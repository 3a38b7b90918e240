"""What we do: Prefect flows and tasks as short recipes."""
