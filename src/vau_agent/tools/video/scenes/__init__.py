"""Procedural fixed-camera surveillance scenes whose truth is known exactly."""
