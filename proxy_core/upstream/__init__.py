"""The only rooms that talk to providers."""
