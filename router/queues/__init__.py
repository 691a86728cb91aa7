"""Waiting, choosing, offering."""
