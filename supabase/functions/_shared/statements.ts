/**
 * Statements of the database, told to the request that sends them, whose trace has them as spans
 * (`traces/tracer.ts`). What is told are the names of functions and tables: never a value, and never the text.
 */
import { AsyncLocalStorage } from "node:async_hooks";

/** A query, as far as it is looked at here. */
export interface Query {
  cancel(): unknown;
  /** The literal parts of its text. */
  readonly strings?: readonly string[];
}

/** Hears that a statement has ended. `query` is undefined where it was not even sent. */
export type StatementEnd = (query: Query | undefined, error?: unknown) => void;
/** Hears that a statement begins; undefined where nobody wants to know how it ends. */
export type StatementStart = () => StatementEnd | undefined;

/** There is none until the first request is recorded, so that nothing is looked up before. */
let listeners: AsyncLocalStorage<StatementStart> | undefined;

/** Does the work; `start` hears of the statements that it sends. */
export function hearStatements<Result>(start: StatementStart, work: () => Result): Result {
  return (listeners ??= new AsyncLocalStorage()).run(start, work);
}

const toNobody: StatementStart = () => undefined;

/**
 * Does what many requests share (the reading of a stream, counters, probes), though one of them began it: its
 * statements are no part of that one.
 */
export function forAll<Arguments extends unknown[], Result>(
  work: (...given: Arguments) => Result,
  ...given: Arguments
): Result {
  return listeners ? listeners.run(toNobody, work, ...given) : work(...given);
}

/**
 * The same function as a part of the request that is answered now, whoever calls it and when: the runtime calls what
 * hears of the end of a body or a socket for nobody.
 */
export const forThisRequest = <Arguments extends unknown[], Result>(
  work: (...given: Arguments) => Result,
): (...given: Arguments) => Result => listeners ? AsyncLocalStorage.bind(work) : work;

/** A statement begins. */
export const beginStatement = (): StatementEnd | undefined => listeners?.getStore()?.();

/** What OpenTelemetry calls `db.operation.name` and `db.query.summary`. */
export interface Summary {
  readonly operation: string;
  readonly summary: string;
}

/** A relation or function of ours. A type that something is cast to is none. */
const target = /(?<![:.\w])(?:public|private)\.\w+/g;
/** Characters, beyond which the conventions have it cut. */
const longest = 255;
const unknown: Summary = { operation: "QUERY", summary: "QUERY" };

function summarise(strings: readonly string[]): Summary {
  const text = strings.join(" ? ").replaceAll(/'[^']*'/g, "''");
  const operation = /^\s*([a-z]+)\b/.exec(text)?.[1]?.toUpperCase();
  if (operation === undefined) return unknown;
  const summary = [operation, ...new Set(text.match(target))].join(" ").slice(0, longest);
  return { operation, summary };
}

/** By the parts of a text: each place in the code has its own, which live as long as the isolate. */
const known = new WeakMap<readonly string[], Summary>();

/** What a query of these literal parts is called: its operation, and the relations and functions that it names. */
export function describeQuery(strings: Query["strings"]): Summary {
  if (!strings) return unknown;
  let summary = known.get(strings);
  if (!summary) known.set(strings, summary = summarise(strings));
  return summary;
}
