"""Which version is this? The package and every document read it here."""

VERSION = "0.1.0"
