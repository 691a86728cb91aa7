"""Secondline: routing of support contacts for call centers that work with a crowd."""
