"""What a person touches: the command line here, and the desktop that stands on the same proxy."""
