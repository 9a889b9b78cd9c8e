"""`python -m gliascope` is the command `gliascope`."""

from gliascope.cli.app import main

if __name__ == "__main__":
    main()
