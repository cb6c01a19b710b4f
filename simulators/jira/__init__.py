"""A stand-in for Jira Cloud."""
