"""A dry run: the real scripts on a virtual clock, with made-up contacts and agents."""
