"""The commands, a file each: arguments, help and body. Bodies import what they run, so that `--help` needs no torch."""
