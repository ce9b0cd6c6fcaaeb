"""What a table looks like, in numbers: profiles of parts add up to the profile of the whole."""
