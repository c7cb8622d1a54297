"""`python -m gridmend`: the same as the command `gridmend`."""

from gridmend.ui.cli import main

if __name__ == "__main__":
    main()
