"""A stand-in for Linear."""
