"""What wishes lead to, a room for each family of them: quick things at once, everything that may block in a lane."""
