"""What was said in a request and its answer, as a person reads it: bodies in, turns out. No Qt."""
