"""Zeek's logs in TSV, as Zeek writes them: what the tests of them share."""

ENDS = {"ts": "1713484800.441203", "uid": "CKIIJQfWoU8M05Fr2"}
ENDS |= {"id.orig_h": "10.0.0.1", "id.orig_p": "40000", "id.resp_h": "192.0.2.7", "id.resp_p": "443"}
CONN = {
    **ENDS,
    "proto": "tcp",
    "service": "ssl",
    "duration": "1.5",
    "orig_bytes": "10",
    "resp_bytes": "20",
    "conn_state": "SF",
    "history": "ShADadFf",
    "orig_pkts": "5",
    "orig_ip_bytes": "300",
    "resp_pkts": "4",
    "resp_ip_bytes": "400",
}


def escaped(text):
    return "".join(f"\\x{byte:02x}" if not 32 <= byte < 127 or byte == 92 else chr(byte) for byte in text.encode())


def cell(value):
    match value:
        case None:
            return "-"
        case "" | []:
            return "(empty)"
        case list():
            return ",".join(escaped(v).replace(",", "\\x2c") for v in value)
        case _:
            return escaped(value)


def head(path, fields, opened="2026"):
    return [
        "#separator \\x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        f"#path\t{path}",
        f"#open\t{opened}",
        "#fields\t" + "\t".join(fields),
        "#types\t" + "\t".join("string" for _ in fields),
    ]


def tsv(path, rows):
    fields = list(rows[0])
    lines = [*head(path, fields), *("\t".join(cell(row[f]) for f in fields) for row in rows), "#close\t2026"]
    return ("\n".join(lines) + "\n").encode()
