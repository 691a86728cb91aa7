"""Telephony through Twilio: what callers hear, their legs, and how they meet an agent."""
