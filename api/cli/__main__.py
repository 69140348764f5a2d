"""`python -m api.cli`: the `twin` command without its script."""

from api.cli import main

main()
