"""Languages of the user interface."""
