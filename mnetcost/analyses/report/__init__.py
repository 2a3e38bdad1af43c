"""What does a design cost, layer by layer, beside others, and over alpha and resolution?"""
