"""`python -m marquee` is `marquee`."""

from marquee.cli.main import main

main()
