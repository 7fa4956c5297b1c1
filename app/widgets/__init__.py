"""Widgets used by more than one window: they draw the values they are given and emit what the user did."""
