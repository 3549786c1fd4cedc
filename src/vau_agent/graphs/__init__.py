"""The state machines: analysis and follow-up."""
