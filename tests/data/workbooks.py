"""Excel workbooks, written by hand."""

from xml.sax.saxutils import escape
from zipfile import ZipFile

XML = "http://schemas.openxmlformats.org"


def write_workbook(path, sheets):
    """The least that is an Excel workbook: texts, numbers, and empty cells."""

    def cell(value):
        if value is None:
            return "<c/>"
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    of, package = "officeDocument/2006/relationships", f"{XML}/package/2006"
    named = "".join(
        f'<sheet name="{name}" sheetId="{at}" r:id="r{at}"/>' for at, name in enumerate(sheets, start=1)
    )
    linked = "".join(
        f'<Relationship Id="r{at}" Type="{XML}/{of}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, len(sheets) + 1)
    )
    main = f'xmlns="{XML}/spreadsheetml/2006/main"'
    book = f'<Relationship Id="r1" Type="{XML}/{of}/officeDocument" Target="xl/workbook.xml"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">{book}</Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{XML}/{of}"><sheets>{named}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{linked}'
        "</Relationships>",
    }
    for at, frame in enumerate(sheets.values(), start=1):
        rows = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in [frame.columns, *frame.rows()])
        parts[f"xl/worksheets/sheet{at}.xml"] = f"<worksheet {main}><sheetData>{rows}</sheetData></worksheet>"
    with ZipFile(path, "w") as packed:
        for name, text in parts.items():
            packed.writestr(name, text)
