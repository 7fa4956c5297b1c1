"""The first run: from nothing to Claude Code on one's own model, in three steps."""
