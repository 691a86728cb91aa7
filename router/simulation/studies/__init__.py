"""Known results reproduced, and questions of a crowd: `secondline simulate --study NAME`."""
