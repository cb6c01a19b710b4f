"""A stand-in for GitHub: its REST API, git data with real SHA-1s, signed webhooks, and people who act."""
