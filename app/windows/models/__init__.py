"""Qt item models: what tables show, and in which order."""
