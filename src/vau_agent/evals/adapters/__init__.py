"""Other harnesses that call the agent."""
