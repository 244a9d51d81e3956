/** Places in the database's log (LSNs): `0/16B3748`, as Postgres writes them. */

/** A place in the log; later ones are greater. */
export type Position = bigint;

/** Reads a place; undefined where the text is none. */
export function parsePosition(text: string): Position | undefined {
  const [, high, low] = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i.exec(text) ?? [];
  if (high === undefined || low === undefined) return undefined;
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** A place that the database told. @throws Error when it told none */
export function requirePosition(text: string | undefined): Position {
  const position = parsePosition(text ?? "");
  if (position === undefined) throw new Error(`The database told no position, but ${text}`);
  return position;
}

/** As Postgres reads it. */
export function formatPosition(position: Position): string {
  const hex = (part: bigint) => part.toString(16).toUpperCase();
  return `${hex(position >> 32n)}/${hex(position & 0xffffffffn)}`;
}
