"""Fetching the parts of a model: resumable, checked, and only when asked."""
