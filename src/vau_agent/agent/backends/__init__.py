"""Adapters that run a policy's weights, or stand in for them."""
