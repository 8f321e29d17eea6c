"""``python -m podlore``: the same as the ``podlore`` command, for where its script is not on the path."""

from podlore.cli.main import main

if __name__ == "__main__":
    main()
