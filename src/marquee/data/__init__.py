"""Files in, tables out: sources, reading, validation, loading."""
