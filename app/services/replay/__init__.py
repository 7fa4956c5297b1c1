"""A request that was kept, sent once more to another model: both answers beside each other."""
