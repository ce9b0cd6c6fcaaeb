"""Model Monitor's and Clarify's files: read leniently, written strictly."""
