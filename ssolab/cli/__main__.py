"""`python -m ssolab.cli` is `ssolab`."""

from ssolab.cli import main

main()
