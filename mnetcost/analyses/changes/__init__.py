"""What makes one design cost more than another, and which design is it nearest to?"""
