"""How contacts arrive, wait, are connected and leave."""
