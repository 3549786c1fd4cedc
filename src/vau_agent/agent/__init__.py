"""The policy: typed calls, prompts, parsing, backends."""
