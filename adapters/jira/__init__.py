"""Jira Cloud: what is done there, read, and what is told there."""
