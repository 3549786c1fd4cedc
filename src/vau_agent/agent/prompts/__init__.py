"""Prompts: one Markdown file a stage, loaded with name and digest."""
