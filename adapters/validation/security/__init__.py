"""Security: what code may not do, what it should not, secrets in it, and known holes in what it would install."""
