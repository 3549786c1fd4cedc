"""What harnesses ask of a video."""
