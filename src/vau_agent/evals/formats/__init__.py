"""Predictions as others publish them, scored by the published rules and by mended ones."""
