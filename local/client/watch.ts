/** Notes which methods of a client are called, from outside of it: the library itself stays as it is. */

/** What the results of methods are called, by their class; a builder that returns itself keeps its name. */
const places: Record<string, string> = {
  PostgrestQueryBuilder: "from()",
  PostgrestFilterBuilder: "from().select()",
  PostgrestClient: "schema()",
  StorageFileApi: "storage.from()",
  BlobDownloadBuilder: "storage.from().download()",
  StreamDownloadBuilder: "storage.from().download().asStream()",
  VectorBucketScope: "storage.vectors.from()",
  VectorIndexScope: "storage.vectors.from().index()",
  RealtimeChannel: "channel()",
};

/** Hears `auth.signUp`, `from().select().eq`. */
export type Hear = (method: string) => void;

const originals = new WeakMap<object, object>();

/** The client as it is used, with somebody who listens. */
export function watch<T extends object>(target: T, hear: Hear, path = ""): T {
  const at = (name: string) => path === "" ? name : `${path}.${name}`;
  const watched = new Proxy(target, {
    get(_, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof property === "symbol") return value;
      if (typeof value === "function") {
        return (...given: unknown[]) => {
          hear(at(property));
          const result: unknown = Reflect.apply(value, target, given.map(unwatch));
          return isPartOfClient(result)
            ? watch(result, hear, placeOf(result, at(property)))
            : result;
        };
      }
      return isPartOfClient(value) ? watch(value, hear, at(property)) : value;
    },
  });
  originals.set(watched, target);
  return watched;
}

/** What stands behind the watching: the library compares its own parts. */
const unwatch = (value: unknown) =>
  typeof value === "object" && value !== null ? originals.get(value) ?? value : value;

const placeOf = (result: object, method: string) =>
  places[result.constructor.name] ?? `${method}()`;

/** Whether a thing has methods of its own, rather than being data or a promise. */
export function isPartOfClient(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  if (value instanceof Promise || value instanceof URL || value instanceof Map) return false;
  return methodsOf(value).length > 0;
}

/** The names of an object's methods, those of its class with them. */
export function methodsOf(value: object): string[] {
  const names = new Set<string>();
  for (
    let level = value;
    level && level !== Object.prototype;
    level = Object.getPrototypeOf(level)
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (typeof value === "function" && name !== "constructor" && !name.startsWith("_")) {
        names.add(name);
      }
    }
  }
  return [...names];
}
