"""A stand-in for Docker's API."""
