"""Verdicts signed and checked: DSSE envelopes with Ed25519 signatures.

Nothing is imported here: every `ccb` command reads keys, and only one checks signatures.
"""
