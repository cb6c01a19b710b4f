"""An integration for the tests: it does what generated ones do, and lets a test see how it is kept."""
