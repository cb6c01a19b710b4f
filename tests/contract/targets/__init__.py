"""The deployment targets against servers that speak their API."""
