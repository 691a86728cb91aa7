"""Valkey and PostgreSQL as child processes, their data in one folder: nothing to install."""
