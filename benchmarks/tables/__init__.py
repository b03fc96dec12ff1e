"""What `quality.py` compares on: the tables, the methods and the judgement."""
