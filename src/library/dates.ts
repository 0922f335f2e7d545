const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * An ISO 8601 date or time of the Gregorian calendar as a UTC point in time (`2026-11-21T00:00:00.000Z`); `undefined` for any other text and
 * for days that do not exist. A date alone is its midnight, and a time without zone is UTC.
 */
export function isoTime(text: string): string | undefined {
  const parts = ISO.exec(text.trim());
  if (!parts) return undefined;
  const [year, month, day, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map((part) => (part === undefined ? undefined : Number(part)));
  const zone = parts[8] === undefined || parts[8] === 'Z' ? 0 : minutesOf(parts[8]);
  const midnight = new Date(0);
  midnight.setUTCFullYear(year ?? 0, (month ?? 0) - 1, day);
  const exists = midnight.getUTCMonth() + 1 === month && midnight.getUTCDate() === day;
  if (!exists || hour > 23 || minute > 59 || second > 59 || Number.isNaN(zone)) return undefined;
  return new Date(midnight.getTime() + ((hour * 60 + minute - zone) * 60 + second) * 1000 + Math.floor(Number(parts[7] ?? 0) * 1000)).toISOString();
}

/** The same as the end of a range: a date alone is its last millisecond. */
export function endOfDay(text: string): string | undefined {
  const start = isoTime(text);
  if (start === undefined || text.trim().length > 10) return start;
  return new Date(Date.parse(start) + 24 * 3_600_000 - 1).toISOString();
}

/** Minutes east of UTC; NaN where there is no such zone. */
function minutesOf(zone: string): number {
  const [hours, minutes] = zone.slice(1).split(':').map(Number);
  return hours > 14 || minutes > 59 ? Number.NaN : (zone[0] === '-' ? -1 : 1) * (hours * 60 + minutes);
}
