"""Spaces that frames and words share: what makes a video searchable."""
