"""What can go wrong with the demo."""


class DemoError(Exception):
    """The demo can't start. The message is for its user, and says what to do where that's known."""
