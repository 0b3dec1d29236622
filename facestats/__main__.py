"""``python -m facestats`` is the command line."""

from facestats.cli import main

if __name__ == "__main__":
    main()
