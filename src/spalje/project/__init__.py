"""Projects: made from templates, kept in Git repositories, built when somebody pushes."""
