"""Widgets that more than one window uses: they draw what they are given and say what was done."""
