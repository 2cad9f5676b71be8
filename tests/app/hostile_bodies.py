"""What a stranger may put into a body: JSON at every edge, and bytes that are none. For tests of routes.

Each is the smallest of its kind. Tests send them to every route of an application, so a new route is covered.
"""

HOSTILE = {
    "lone surrogate as a key": b'{"\\ud800":1}',
    "lone surrogate as a text": b'{"a":"\\udfff"}',
    "U+0000 in a text": b'{"a":"\\u0000"}',
    "U+0000 in bytes": b'{"a":"\x00"}',
    "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "not UTF-8": b'{"a":"\xff"}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"a":1}',
    "an integer of 5,000 digits": b'{"a":' + b"9" * 5000 + b"}",
    "an integer beyond 64 bits": b'{"a":18446744073709551616}',
    "a float beyond all": b'{"a":1e999}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":-Infinity}',
    "a key twice": b'{"a":1,"a":2}',
    "nested lists": b"[" * 20_000 + b"]" * 20_000,
    "nested objects": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "nested and not ended": b"[" * 20_000,
    "a string not ended": b'{"a":"' + b"\\" * 999,
    "digits that are no ASCII": '{"a":١٢}'.encode(),
    "a list": b"[]",
    "null": b"null",
    "a number": b"1",
    "a text": b'"x"',
    "nothing": b"",
    "one newline": b"\n",
    "zeros": bytes(40),
}
"""By what they are."""


def deep(template: bytes) -> dict[str, bytes]:
    """The same with each hostile value in the place ``@`` of a body that a route reads further."""
    values = {
        "a lone surrogate": b'"\\ud800"',
        "U+0000": b'"a\\u0000b"',
        "beyond 64 bits": b"18446744073709551616",
        "negative and huge": b"-99999999999999999999",
        "not finite": b"1e999",
        "NaN": b"NaN",
        "null": b"null",
        "an object": b'{"\\ud800":{}}',
        "a list": b"[[[[]]]]",
        "true": b"true",
        "nothing": b'""',
    }
    return {name: template.replace(b"@", value) for name, value in values.items()}
