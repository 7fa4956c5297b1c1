"""The watch window, its models and its conversation."""
