"""A reading test for people: leads drawn with keys, told in words alone; does a reader say whether, and why?"""
