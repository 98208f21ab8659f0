"""The Python interface, whose public names `splitwave` itself lists: `import splitwave as sw` (ADR 22)."""
