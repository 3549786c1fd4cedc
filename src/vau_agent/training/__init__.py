"""Traces and rendered scenes into weights."""
