"""The version of this package, for images that hold its folders without being installed."""

VERSION = "0.1.0"
