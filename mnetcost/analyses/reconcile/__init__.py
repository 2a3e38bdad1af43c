"""Why does a published number differ from ours?"""
