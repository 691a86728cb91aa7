"""The two stores: PostgreSQL is the truth, Redis or Valkey the live picture."""
