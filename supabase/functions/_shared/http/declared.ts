/**
 * What a route says of itself: who it is for, and what it takes. The reference of routes is made of it
 * (`docs/openapi.json`); no request looks at it.
 */
import type { z } from "zod";
import type { Audience } from "../access/authentication.ts";
import type { RateLimitClass } from "../rate-limits.ts";

/** What a handler reads. Of several schemas a body fits one. */
export interface Input {
  readonly query?: z.ZodType;
  readonly body?: z.ZodType | readonly z.ZodType[];
  /** The body's media types; `application/json` unless given. */
  readonly types?: readonly string[];
}

/** Who may call a route, and under which allowance it is counted. */
export interface Terms {
  readonly audience: Audience | "anybody";
  readonly limit: RateLimitClass;
  /** The scope that an agent needs: null, none; undefined, no agent may. */
  readonly scope?: string | null | ((context: never) => string);
  /** The handler that was wrapped. */
  readonly handler: object;
}

/** A route as its function declares it. */
export interface DeclaredRoute {
  readonly method: string;
  readonly path: string;
  readonly handler: object;
}

const inputs = new WeakMap<object, Input>();
const terms = new WeakMap<object, Terms>();
const routes = new WeakMap<object, DeclaredRoute[]>();

/** Says what a handler reads: the same schemas that it hands to `readBody` and `readQuery`. */
export function takes(handler: object, input: Input): void {
  inputs.set(handler, input);
}

/** What a handler reads; undefined where it reads neither a query nor a body. */
export const inputOf = (handler: object): Input | undefined => inputs.get(handler);

/** Says on what terms a wrapped handler is called. */
export function setTerms<Wrapped extends object>(wrapped: Wrapped, said: Terms): Wrapped {
  terms.set(wrapped, said);
  return wrapped;
}

/** On what terms a handler is called; undefined where no wrapper decides it. */
export const termsOf = (wrapped: object): Terms | undefined => terms.get(wrapped);

/** Notes a route of a function's app. */
export function noteRoute(app: object, route: DeclaredRoute): void {
  const known = routes.get(app) ?? [];
  routes.set(app, [...known, route]);
}

/** The routes of a function's app, in their order. */
export const routesOf = (app: object): readonly DeclaredRoute[] => routes.get(app) ?? [];
