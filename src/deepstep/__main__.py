"""``python -m deepstep``: the command line."""

from deepstep.cli.main import main

if __name__ == "__main__":
    main()
