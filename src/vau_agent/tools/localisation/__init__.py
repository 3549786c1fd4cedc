"""From many short observations of a video to when something happened: pure steps of arrays.

- base: observations, where they come from, and the numbers that the steps go by
- texts: sentences as vectors, by meaning or by their words
- grading: how much a sentence speaks of a hazard
- looking: which moments to look at next
- doubting: how far neighbours and similar moments bear a verdict out
- curve: scores over time, and the segments they make
"""
