"""What happened: each request's story, told as it goes and kept."""
