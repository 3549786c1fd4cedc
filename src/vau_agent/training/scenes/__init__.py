"""Procedural surveillance scenes with exact truth: what nano is trained and measured on."""
