__version__ = '0.2.0'  # Of the original whose arguments and files these are.
