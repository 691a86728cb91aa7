"""Who is contacting us, who is answering, and how sure we are."""
