"""The short wording, for small models that were trained on it."""
