/**
 * Correction 9: a filter's value is text that the column's type reads. lite guesses instead: it compares
 * `phone=eq.+1555` with 1555, and `name=eq.true` with a boolean, which is an error. In quotes lite leaves a value as it
 * is, so what it would change is put in quotes.
 */

import { jsonMark } from "./values.ts";

const reserved = /^(?:.*\.)?(?:select|order|limit|offset|on_conflict|columns|apikey)$/;
const tree = /^(?:.*\.)?(?:or|and)$/;
const words = new Set(["true", "false", "null", "not_null", "unknown"]);

/** Whether lite would make something else of a value that stands without quotes. */
function isGuessedAt(value: string): boolean {
  const bare = value.trim();
  if (words.has(bare.toLowerCase()) || /^".*"$/s.test(bare)) return true;
  return bare !== "" && Number.isFinite(Number(bare)) && String(Number(bare)) !== value;
}

const keep = (value: string) => isGuessedAt(value) ? `"${value}"` : value;

/** The elements of `in.(…)`; those in quotes stay. */
const keepElements = (list: string) =>
  list.replace(
    /"(?:[^"\\]|\\.)*"|[^,"]+/g,
    (element) => element.startsWith('"') ? element : keep(element),
  );

/** Of a list of patterns, too, `*` stands for `%`: lite reads it so in a single one only. */
const correctPatterns = (value: string) =>
  value.replace(
    /((?:^|[.,(])i?like\((?:any|all)\)\.)(\{[^}]*\})/g,
    (_, operator: string, patterns: string) => operator + patterns.replaceAll("*", "%"),
  );

function correctFilter(filter: string): string {
  const value = correctPatterns(filter);
  const [, list] = /^(?:not\.)?in\.\((.*)\)$/s.exec(value) ?? [];
  if (list !== undefined) return value.replace(list, () => keepElements(list));
  return value.replace(
    /^((?:not\.)?(?:eq|neq|gte?|lte?)\.)(.*)$/s,
    (_, operator: string, text: string) => operator + keep(text),
  );
}

/** A part of JSON (`facts->tea`) is compared with JSON: what stands there is read as such, and not as a text. */
const jsonPart = /->(?!>)[^>]*$/;
const correctJson = (value: string) =>
  value.replace(
    /^((?:not\.)?(?:eq|neq|gte?|lte?)\.)(.*)$/s,
    // lite takes off the outer quotes and leaves what is between them as it is.
    (_, operator: string, text: string) => `${operator}"${jsonMark}${text}"`,
  );

const correctTree = (value: string) =>
  correctPatterns(value).replace(
    /"(?:[^"\\]|\\.)*"|\b(eq|neq|gte?|lte?)\.([^",(){}]+)|\bin\.\(([^()]*)\)/g,
    (whole, operator?: string, text?: string, list?: string) => {
      if (list !== undefined) return `in.(${keepElements(list)})`;
      return operator !== undefined && text !== undefined ? `${operator}.${keep(text)}` : whole;
    },
  );

/** The same request with filters that lite takes as they are meant. */
export function correctFilters(request: Request): Request {
  const url = new URL(request.url);
  const isCall = url.pathname.startsWith("/rest/v1/rpc/");
  const corrected = new URLSearchParams();
  for (const [name, value] of url.searchParams) {
    if (reserved.test(name)) corrected.append(name, value);
    else if (tree.test(name)) corrected.append(name, correctTree(value));
    else if (jsonPart.test(name)) corrected.append(name, correctJson(value));
    // In a call by GET what is no filter is an argument.
    else {corrected.append(
        name,
        isCall && !value.includes(".") ? keep(value) : correctFilter(value),
      );}
  }
  if (corrected.toString() === url.searchParams.toString()) return request;
  url.search = corrected.toString();
  return new Request(url, request);
}
