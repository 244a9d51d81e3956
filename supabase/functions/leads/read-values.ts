/**
 * Values as spreadsheets write them, in the form that the database reads. What is not understood stays as it is: the
 * row is refused for it.
 */
import { foldHeading, kindOf } from "./map-headings.ts";

const usNumber = /^-?\d{1,3}(,\d{3})+(\.\d+)?$/;
// 1.234 alone may be either: it stays, and whole numbers refuse it.
const europeanNumber = /^-?\d{1,3}(\.\d{3})+,\d+$|^-?\d{1,3}(\.\d{3}){2,}$|^-?\d+,\d{1,2}$/;

function readNumber(text: string): string {
  const bare = text.replace(/[\s\u00a0']/g, "");
  const plain = usNumber.test(bare)
    ? bare.replaceAll(",", "")
    : europeanNumber.test(bare)
    ? bare.replaceAll(".", "").replace(",", ".")
    : bare;
  return /^-?\d+\.0+$/.test(plain) ? plain.slice(0, plain.indexOf(".")) : plain;
}

/**
 * Money in the smallest unit. Under the column's own name whole numbers are that already; with a sign
 * of money, a point, or under a vendor's heading they are dollars.
 */
function readMoney(text: string, isOwnName: boolean): string {
  const isNegative = /^\(.*\)$/.test(text) || /^\s*[$€£]?\s*-/.test(text);
  const bare = text.replace(/[$€£()-]|USD|EUR|GBP/g, "").trim();
  const number = readNumber(bare);
  if (!/^\d+(\.\d+)?$/.test(number)) return text;
  if (isOwnName && /^-?\d+$/.test(text.trim())) return text.trim();
  const [whole = "", cents = ""] = number.split(".");
  if (cents.length > 2 && !/^\d\d0*$/.test(cents)) return text;
  return `${isNegative ? "-" : ""}${
    BigInt(whole) * 100n + BigInt(cents.slice(0, 2).padEnd(2, "0"))
  }`;
}

const pad = (part: string) => part.padStart(2, "0");

/** A day from its parts, if there is such a day. */
function dayOf(year: string, month: string, day: string): string | null {
  const whole = year.length === 2 ? `${Number(year) < 70 ? "20" : "19"}${year}` : year;
  const written = `${whole}-${pad(month)}-${pad(day)}`;
  const read = new Date(`${written}T00:00:00Z`);
  return !Number.isNaN(read.getTime()) && read.toISOString().startsWith(written) ? written : null;
}

/** Excel counts days from 1899-12-30. */
function fromExcel(text: string): Date | null {
  const days = Number(text);
  if (!/^\d{1,5}(\.\d+)?$/.test(text) || days < 1 || days > 80_000) return null;
  return new Date(Date.UTC(1899, 11, 30) + Math.round(days * 86_400_000));
}

function readDate(text: string): string {
  const american = /^(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d\d)\b/.exec(text);
  if (american) return dayOf(american[3] ?? "", american[1] ?? "", american[2] ?? "") ?? text;
  const european = /^(\d{1,2})\.(\d{1,2})\.(\d{4}|\d\d)\b/.exec(text);
  if (european) return dayOf(european[3] ?? "", european[2] ?? "", european[1] ?? "") ?? text;
  const compact = /^(\d{4})(\d\d)(\d\d)$/.exec(text);
  if (compact) return dayOf(compact[1] ?? "", compact[2] ?? "", compact[3] ?? "") ?? text;
  return fromExcel(text)?.toISOString().slice(0, 10) ?? text;
}

function readMoment(text: string): string {
  const [, date, hour = "0", minute = "00", second = "00", half] =
    /^(\d{1,2}\/\d{1,2}\/\d{2,4})(?:,?\s+(\d{1,2}):(\d\d)(?::(\d\d))?\s*([ap]m)?)?$/i.exec(text) ??
      [];
  if (date === undefined) return fromExcel(text)?.toISOString() ?? text;
  const hours = half ? Number(hour) % 12 + (/p/i.test(half) ? 12 : 0) : Number(hour);
  return `${readDate(date)}T${pad(String(hours))}:${minute}:${second}Z`;
}

const yes = new Set(["yes", "y", "true", "t", "1", "x", "on"]);
const no = new Set(["no", "n", "false", "f", "0", "off"]);

function readFlag(text: string): string {
  const folded = text.toLowerCase();
  return yes.has(folded) ? "true" : no.has(folded) ? "false" : text;
}

/** A value of a column, as the database reads it. */
export function readValue(column: string, heading: string, given: string): string {
  const text = given.trim();
  if (text === "" || /^(n\/?a|null|none|-|—)$/i.test(text)) return "";
  switch (kindOf(column)) {
    case "money":
      return readMoney(text, heading.trim().toLowerCase() === column);
    case "number":
      return readNumber(text);
    case "date":
      return readDate(text);
    case "moment":
      return readMoment(text);
    case "flag":
      return readFlag(text);
    case "word":
      return foldHeading(text).replaceAll(" ", "_");
    default:
      return text;
  }
}
