"""The command line: one ``podlore`` command, its subcommands found by entry point."""
