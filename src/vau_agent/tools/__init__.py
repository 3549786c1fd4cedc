"""What can be done to a video: read, sample, triage, zoom, cut."""
