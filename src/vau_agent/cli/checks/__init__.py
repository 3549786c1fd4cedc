"""What `doctor` looks at, by noun."""
