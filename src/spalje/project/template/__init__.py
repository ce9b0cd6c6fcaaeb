"""What projects are made from: templates, where they come from, what they ask, and how they are rendered."""
