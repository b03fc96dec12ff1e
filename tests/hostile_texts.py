"""JSON and TOML that are hard to read, or that a reader has to refuse."""

DEEP = "[" * 100_000 + "]" * 100_000
DIGITS = "9" * 5_000
BEYOND = "1" + "0" * 400
"""A whole number that Python reads and no float holds."""

HOSTILE = {
    "deep": DEEP,
    "within the recursion limit": "[" * 500 + "]" * 500,
    "digits": DIGITS,
    "beyond the floats": BEYOND,
    "a float beyond the floats": "1e999",
    "NaN": "NaN",
    "Infinity": "-Infinity",
    "twice": '{"a": 1, "a": 2}',
    "half a character": r'"\ud800"',
}
"""Values of JSON, or of what Python takes for JSON."""

TOML = {
    "deep arrays": f"a = {DEEP}",
    "deep tables": "a = " + "{a=" * 100_000 + "1" + "}" * 100_000,
    "a deep table": "[" + ".".join(["a"] * 100_000) + "]",
    "a deep key": ".".join(['"a"'] * 100_000) + " = 1",
    "a deep key in a table": "a = {" + " . ".join(["a"] * 100_000) + " = 1}",
    "within the recursion limit": "a = " + "[" * 150 + "]" * 150,
    "digits": f"a = {DIGITS}",
    "hexadecimal digits": f"a = 0x{'f' * 5_000}",
    "beyond 64 bits": "a = 18446744073709551616",
    "a date": "a = 2024-05-06",
    "half a character": r'a = "\ud800"',
}
