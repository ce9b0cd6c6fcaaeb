"""What can be done with a table and no project: profile it, make a baseline of it, hold it against one."""
