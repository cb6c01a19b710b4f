"""Claude, by Anthropic's Messages API.

Nothing is imported here: who only needs the settings does not pay for the SDK, whose import takes seconds.
"""
