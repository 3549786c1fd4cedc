"""Prompts of judges: loaded with name and digest, as the policy's are."""
