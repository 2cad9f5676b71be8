// Times are microseconds UTC from the API (`*_us`), shown in the reader's zone or UTC.
import { prefs } from "./prefs.svelte";
import { locale, words } from "./words";
import kit from "$words/both/kit";

const made = new Map<string, Intl.DateTimeFormat>();

function by(key: string, options: Intl.DateTimeFormatOptions, lang: string = prefs.lang): Intl.DateTimeFormat {
  const timeZone = prefs.zone === "utc" ? "UTC" : (prefs.named ?? undefined);
  const name = `${lang} ${timeZone ?? ""} ${key}`;
  let format = made.get(name);
  if (!format) {
    format = new Intl.DateTimeFormat(locale(lang), { ...options, hourCycle: "h23", timeZone });
    made.set(name, format);
  }
  return format;
}

const at = (us: number): Date => new Date(us / 1000);

/** 26 Nov 2026, 10:42:07; ``lang``: what it is for is in another language than the page. */
export const full = (us: number, lang?: string): string => by("full", { dateStyle: "medium", timeStyle: "medium" }, lang).format(at(us));
/** 26 Nov, 10:42 */
export const short = (us: number, lang?: string): string =>
  by("short", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }, lang).format(at(us));
export const day = (us: number, lang?: string): string => by("day", { dateStyle: "medium" }, lang).format(at(us));
export const clock = (us: number): string => by("clock", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at(us));
export const iso = (us: number): string => at(us).toISOString();

/** 10:42 */
export const minute = (us: number): string => by("minute", { hour: "2-digit", minute: "2-digit" }).format(at(us));
/** The zone that times are shown in, by its IANA name. */
export const zone = (): string => (prefs.zone === "utc" ? "UTC" : (prefs.named ?? Intl.DateTimeFormat().resolvedOptions().timeZone));

/** The zone's name as shown beside the switch: "UTC", "CET". */
export function zoneName(): string {
  const parts = by("zone", { timeZoneName: "short" }).formatToParts(new Date());
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "UTC";
}

/** The day of the calendar, counted from 1970, in the zone that is shown. */
function days(us: number): number {
  const parts = by("days", { year: "numeric", month: "numeric", day: "numeric" }).formatToParts(at(us));
  const part = (type: string): number => Number(parts.find((one) => one.type === type)?.value);
  return Date.UTC(part("year"), part("month") - 1, part("day")) / 86_400_000;
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600], ["month", 2_629_800], ["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1],
];

/** How far the server's clock may be ahead of the reader's: nearer than that a moment that has been reads as now. */
const AHEAD_MAX_S = 120;
const w = words(kit);

/** "2 hours ago", "in 3 days", "just now"; ``now_ms`` is handed in so that it can tick. ``due``: the moment is one that
 * is waited for, so that it may lie a minute ahead. */
export function relative(us: number, now_ms: number, due = false): string {
  // What happened since the page's clock ticked last is now, not in the future.
  const seconds = us / 1e6 - Math.max(now_ms, Math.min(us / 1e3, Date.now())) / 1000;
  if (Math.abs(seconds) < 1 || (!due && seconds > 0 && seconds <= AHEAD_MAX_S)) return w().justNow;
  const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  // "Yesterday" is a day of the calendar and not 24 to 48 hours ago.
  const steps = unit === "day" ? days(us) - days(now_ms * 1000) : Math.round(seconds / size);
  return new Intl.RelativeTimeFormat(locale(), { numeric: "auto", style: "short" }).format(steps, unit);
}

/** "2 h 5 min" of a span in microseconds. */
export function span(us: number): string {
  let rest = Math.round(us / 1e6);
  const said: string[] = [];
  for (const [unit, size] of [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]] as const) {
    const whole = Math.floor(rest / size);
    rest -= whole * size;
    if (whole > 0 && said.length < 2)
      said.push(new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "short" }).format(whole));
  }
  return said.join(" ") || new Intl.NumberFormat(locale(), { style: "unit", unit: "second", unitDisplay: "short" }).format(0);
}
