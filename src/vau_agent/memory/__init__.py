"""What outlives a step: blobs, journal, checkpoints."""
