"""What the app says, in other languages."""
