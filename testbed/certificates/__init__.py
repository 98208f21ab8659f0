"""Certificates of a testbed's parties: a certificate authority of its own, and what it issues."""
