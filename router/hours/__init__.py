"""When somebody is there: opening hours, holidays, exceptions, and the times that they offer."""
