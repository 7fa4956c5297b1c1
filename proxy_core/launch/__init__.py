"""Launching Claude Code on this proxy: its environment, settings that would overrule it, and terminals."""
