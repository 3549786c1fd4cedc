"""The detector: a picture network with a head over time, trained with a direct loss (stage 0)."""
