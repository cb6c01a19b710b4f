"""Looks up colours by their names."""
