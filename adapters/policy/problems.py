"""A setting that cannot be used, in one sentence: by its name, and never with its value, which may be a secret."""

from pydantic import ValidationError


def explained(error: ValidationError) -> str:
    """What is wrong with the environment, for the process that cannot start with it."""
    found = [
        f"{'.'.join(map(str, entry['loc'])).upper()}: {entry['msg']}" for entry in error.errors(include_input=False)
    ]
    return f"The settings cannot be used ({error.title}): {'; '.join(found)}. docs/settings.md lists them."
