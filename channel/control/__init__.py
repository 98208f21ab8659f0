"""Live control of the emulated links (ADR 35)."""
