"""What the front door costs, each figure beside the least that could be done instead."""
