package python

// gitignore keeps what Python and pip put into the folder out of the user's
// commits.
const gitignore = "# " + header + "\n__pycache__/\nbuild/\ndist/\n*.egg-info/\n"
