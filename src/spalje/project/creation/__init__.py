"""Creating and deleting projects: undertakings over several systems that can be interrupted anywhere."""
