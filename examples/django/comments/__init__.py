"""The app: comments on the tasks of the board."""
