"""Which version is this? One place, on the ground, for the face of the package and for every document."""

VERSION = "0.1.0"
