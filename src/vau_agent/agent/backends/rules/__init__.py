"""The policy without a model: reasons from measured values, in the same tags."""
