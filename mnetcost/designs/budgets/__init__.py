"""What may designs cost? Budgets, limits and waivers, as a file or options say them."""
