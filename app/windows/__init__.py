"""Windows of the desktop app."""
