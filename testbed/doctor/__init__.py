"""`splitwave doctor`: checks of the machine and of the installation, one module for each group of checks.

A module is imported only when its group is due, so that a broken package fails its own group and no other.
"""
