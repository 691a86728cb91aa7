"""A workspace's policy as one versioned document: entry points, queues, steps, filters, rules."""
