"""Why a contact was offered to this agent, and why it is not offered to that one."""
