"""What the adapters of Linear and Jira have in common: how a ticket asks, and how what we wrote is known again."""
