"""Tests of the doors to a model."""
