"""Does a design fit, and how fast is it? Memory, flash, devices, and what each layer sees."""
