"""`python -m enbloc`."""

from enbloc.cli import main

if __name__ == "__main__":
    main()
