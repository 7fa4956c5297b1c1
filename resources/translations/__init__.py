"""The app's texts in other languages."""
