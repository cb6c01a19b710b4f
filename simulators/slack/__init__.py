"""A stand-in for Slack: its Web API, its signed callbacks, and the people in it."""
