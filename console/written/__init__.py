"""Citizens' written requests for access or erasure, answered by the operator from the command line."""
