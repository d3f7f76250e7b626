class LabError(Exception):
    """The lab itself could not do what was asked; the text is for the person who asked."""
