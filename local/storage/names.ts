/** Which names the platform takes. */
import { invalidInput, invalidKey } from "./errors.ts";

const keyCharacters = /^[\w/!\-.*'() &$@=;:+,?]+$/;
const bucketCharacters = /^[\w!\-.*'() &$@=;:+,?]+$/;

/** An object's name that the platform takes: ASCII letters, digits, a few signs. Steps upwards are no names. */
export function checkKey(key: string): string {
  const isPath = key.split("/").some((part) => part === "." || part === "..");
  if (!keyCharacters.test(key) || isPath || key.length > 1024) throw invalidKey(key);
  return key;
}

/** A bucket's name that the platform takes. */
export function checkBucketName(name: unknown): string {
  const isFine = typeof name === "string" && bucketCharacters.test(name) && name.length <= 100 &&
    name.trim() === name && name !== "." && name !== "..";
  if (!isFine) throw invalidInput("Bucket name invalid");
  return name;
}

const units: Record<string, number> = { "": 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9 };

/** Bytes of `1024`, `"10MB"`; null stays. */
export function readSize(size: unknown): number | null {
  if (size === null || size === undefined) return null;
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([kmg]?b|)$/i.exec(String(size)) ?? [];
  if (digits === undefined) throw invalidInput("The requested file_size_limit is not valid");
  return Math.floor(Number(digits) * (units[(unit ?? "").toLowerCase()] ?? 1));
}

/** Whether a list of types (`image/*`, `text/plain`) has this one. No list has all. */
export function hasType(allowed: readonly string[] | null, type: string): boolean {
  const [bare = ""] = type.toLowerCase().split(";");
  return !allowed?.length || allowed.some((one) => {
    const wanted = one.toLowerCase();
    return wanted === "*/*" || wanted === bare ||
      wanted.endsWith("/*") && bare.startsWith(wanted.slice(0, -1));
  });
}
