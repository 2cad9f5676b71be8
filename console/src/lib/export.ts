// Tables as files: the API's own, of a whole list with its filters; else CSV and JSON of what a table shows.
import { download } from "./actions";
import { prefs } from "./prefs.svelte";

/** RFC 4180, and no cell that a spreadsheet would run: =, +, -, @, tab and return at its start get an apostrophe. */
export function csv(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cell = (value: unknown): string => {
    if (value === null || value === undefined) return "";
    let text = typeof value === "object" ? JSON.stringify(value) : String(value);
    if (typeof value !== "number" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [header, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

export const saveCsv = (name: string, header: readonly string[], rows: readonly (readonly unknown[])[]): void =>
  download(`${name}.csv`, `\ufeff${csv(header, rows)}`, "text/csv;charset=utf-8");

export const saveJson = (name: string, rows: unknown): void =>
  download(`${name}.json`, `${JSON.stringify(rows, null, 2)}\n`, "application/json");

/** The API's own files of a list, with the filters that it is shown with: for ``exports`` of a Table. ``stix``: where the API has it. */
export function files(list: string, query: Readonly<Record<string, string | number | boolean | null | undefined>> = {}, stix = false): Record<string, string> {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== null && value !== "") said.set(name, String(value));
  const filters = said.size ? `?${said}` : "";
  const made: Record<string, string> = { csv: `${list}/export.csv${filters}${filters ? "&" : "?"}language=${prefs.lang}`, json: `${list}/export.json${filters}` };
  if (stix) made.stix = `${list}/export.stix${filters}`;
  return made;
}
