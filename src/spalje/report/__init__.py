"""What a person reads: verdicts and profiles in, pages and terminal text out; no files, no clock."""
