"""Slack: messages out, signed callbacks in.

Nothing is imported here: who only checks a callback does not pay for the SDK.
"""
