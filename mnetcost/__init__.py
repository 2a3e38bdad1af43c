"""What does a convolutional network cost, and where does the cost sit?"""

from __future__ import annotations

__version__ = "0.1.0"
