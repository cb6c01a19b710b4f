"""Syntax: everything parses, is formatted and lints clean; manifest and project file are valid and agree."""
