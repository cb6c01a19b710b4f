"""GitHub behind the port `CodeHost`, by PyGithub in threads; and its webhooks, verified and typed.

Nothing is imported here: who only checks a webhook does not pay for the SDK.
"""
