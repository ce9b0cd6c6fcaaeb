"""What persists: artifacts in a folder, tables in them, and the metadata database."""
