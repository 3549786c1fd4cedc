"""What scores without looking at a video: rows, and the windows that some of them claim."""
