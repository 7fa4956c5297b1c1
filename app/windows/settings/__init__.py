"""The Settings window: one room per page."""
