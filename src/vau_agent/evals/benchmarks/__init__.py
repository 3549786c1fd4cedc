"""Annotation files of public benchmarks, read as published; the videos are the user's own copy."""
