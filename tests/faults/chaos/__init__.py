"""Chaos: a mixture of sagas while processes are killed and vendors fail; then an auditor looks at what is left."""
