"""Does every design stay within its budget?"""
