"""A stand-in for Anthropic's Messages API."""
