"""Compliance: licences, the SBOM, a manifest that is complete, a fitting version, logs and routes that may be shown."""
