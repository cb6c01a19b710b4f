"""A stand-in for a Kubernetes API server, its controllers, and a Gateway."""
