"""A request and the user's choices in, a target and the sentence why out."""
