"""The demo company: who works there, who calls, and traffic that brings it to life."""
