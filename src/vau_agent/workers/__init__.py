"""Analyses in processes of their own, so that one that dies takes one video along and no more.

- pool: so many processes, each given one video after the other
- process: what such a process does
"""
