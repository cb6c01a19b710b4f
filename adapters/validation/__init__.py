"""Validation: five kinds of looks at generated code, each run in the sandbox, and the tests that must test.

Nothing is imported here: a worker that validates nothing does not pay for the tools.
"""
