"""Facts about the providers and models that exist."""
