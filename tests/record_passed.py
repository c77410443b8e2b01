"""What another process does with a record."""


def pass_on(to, back):
    """Take one from a queue and put it into another."""
    back.put(to.get(timeout=60))
