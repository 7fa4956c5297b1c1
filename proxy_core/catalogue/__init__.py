"""What providers and models exist: facts, not choices."""
