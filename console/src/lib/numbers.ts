// Numbers as the reader writes them. Each function reads the language, so markup that calls it follows a switch.
import { locale } from "./words";

const made = new Map<string, Intl.NumberFormat>();

function by(key: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const name = `${locale()} ${key}`;
  let format = made.get(name);
  if (!format) made.set(name, (format = new Intl.NumberFormat(locale(), options)));
  return format;
}

export const count = (value: number): string => by("count", { maximumFractionDigits: 0 }).format(value);

/** 12,4K: for tiles and axes, never where the exact number matters. */
export const brief = (value: number): string => by("brief", { notation: "compact", maximumFractionDigits: 1 }).format(value);

export const decimal = (value: number, digits = 1): string =>
  by(`decimal${digits}`, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

/** All its digits: 0.0075, and 0,0075 in Danish. */
export const exact = (value: number): string => by("exact", { maximumFractionDigits: 12, useGrouping: false }).format(value);

/** 0.040, and 0,040 in Danish; what is smaller than one in a million as a power of ten. */
export const significant = (value: number, digits = 2): string => {
  const notation = value !== 0 && Math.abs(value) < 1e-6 ? "scientific" : "standard";
  return by(`significant${digits}${notation}`, { minimumSignificantDigits: digits, maximumSignificantDigits: digits, notation }).format(value);
};

/** "region-nord or region-syd": any one of them. */
export const either = (names: readonly string[]): string => new Intl.ListFormat(locale(), { type: "disjunction" }).format(names);

/** ``share``: 0 to 1. */
export const percent = (share: number, digits = 0): string =>
  by(`percent${digits}`, { style: "percent", maximumFractionDigits: digits }).format(share);

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"] as const;

export function bytes(value: number): string {
  let step = 0;
  while (value >= 1000 && step < UNITS.length - 1) [value, step] = [value / 1000, step + 1];
  const unit = UNITS[step] ?? "byte";
  return by(unit, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: value < 10 && step > 0 ? 1 : 0 }).format(value);
}
