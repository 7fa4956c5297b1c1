"""Starting Claude Code on this proxy: its environment, what would overrule it, and where the program lies."""
