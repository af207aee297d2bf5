"""A registered model in other formats, and how near each comes to the original."""
