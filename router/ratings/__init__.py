"""What both sides of a handling think of each other, and when they hear of it."""
