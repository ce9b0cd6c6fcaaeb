"""Where projects' repositories live: one file per host."""
