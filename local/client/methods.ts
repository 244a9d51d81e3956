/** All public methods of supabase-js, as the library itself has them: nobody keeps the list. */
import type { SupabaseClient } from "@supabase/supabase-js";
import { isPartOfClient, methodsOf } from "./watch.ts";

/** The parts of the library whose methods are listed, by the path that leads to each. */
interface Parts {
  "": SupabaseClient;
  auth: SupabaseClient["auth"];
  "auth.admin": SupabaseClient["auth"]["admin"];
  storage: SupabaseClient["storage"];
  "storage.vectors": SupabaseClient["storage"]["vectors"];
  "storage.vectors.from()": ReturnType<SupabaseClient["storage"]["vectors"]["from"]>;
  "storage.vectors.from().index()": ReturnType<
    ReturnType<SupabaseClient["storage"]["vectors"]["from"]>["index"]
  >;
  "storage.analytics": SupabaseClient["storage"]["analytics"];
  "storage.analytics.from()": ReturnType<SupabaseClient["storage"]["analytics"]["from"]>;
  "storage.from()": ReturnType<SupabaseClient["storage"]["from"]>;
  "storage.from().download()": ReturnType<
    ReturnType<SupabaseClient["storage"]["from"]>["download"]
  >;
  "storage.from().download().asStream()": ReturnType<
    ReturnType<ReturnType<SupabaseClient["storage"]["from"]>["download"]>["asStream"]
  >;
  "from()": ReturnType<SupabaseClient["from"]>;
  "from().select()": ReturnType<ReturnType<SupabaseClient["from"]>["select"]>;
  "schema()": ReturnType<SupabaseClient["schema"]>;
  functions: SupabaseClient["functions"];
  "channel()": ReturnType<SupabaseClient["channel"]>;
  realtime: SupabaseClient["realtime"];
}

/**
 * What TypeScript hides in the library and JavaScript does not. Were one of them public, this file
 * would not compile.
 */
const hidden = {
  "": ["functionsFetch", "rest", "headers", "settings"],
  auth: [
    "logger",
    "headers",
    "storage",
    "signInWithEthereum",
    "signInWithSolana",
    "linkIdentityOAuth",
    "linkIdentityIdToken",
    "fetchJwk",
  ],
  storage: ["handleOperation", "bucketLifecycleUrl", "listBucketOptionsToQueryString"],
  "storage.vectors": ["handleOperation"],
  "storage.vectors.from()": ["handleOperation"],
  "storage.vectors.from().index()": ["handleOperation"],
  "storage.analytics": ["handleOperation"],
  "storage.from()": [
    "handleOperation",
    "uploadOrUpdate",
    "prepareUploadFormData",
    "encodeMetadata",
    "applyTransformOptsToQuery",
  ],
  "storage.from().download()": ["downloadFn", "getPromise", "execute"],
  "storage.from().download().asStream()": ["downloadFn", "getPromise", "execute"],
  "from()": ["cloneRequestState"],
  "from().select()": ["processResponse"],
  "schema()": ["decorateFetch", "wrapFetch", "baseFetch"],
  "channel()": ["channelAdapter"],
  "storage.analytics.from()": ["client", "namespaceOps", "tableOps"],
  realtime: ["socketAdapter"],
} as const;

type Leaked = {
  [P in keyof typeof hidden]: Extract<keyof Parts[P], (typeof hidden)[P][number]>;
}[keyof typeof hidden];
const _nothingLeaked: [Leaked] extends [never] ? true : Leaked = true;
const hiddenOf: Partial<Record<string, readonly string[]>> = hidden;

/** Fields that hold what a caller has given the library, or what it reads and writes with. */
const fields = new Set([
  "fetch",
  "accessToken",
  "lock",
  "headers",
  "serializer",
  "presence",
  "socket",
  "joinPush",
  "reconnectTimer",
  "rejoinTimer",
]);
/** Every promise has them. */
const ofPromises = new Set(["then", "catch", "finally"]);

/** The public methods of a client and of what its methods return: `auth.signUp`, `from().select().eq`. */
export function listMethods(client: SupabaseClient): string[] {
  const methods: string[] = [];
  const seen = new Set<object>();
  const visit = (part: object, path: string) => {
    if (seen.has(part)) return;
    seen.add(part);
    const at = (name: string) => path === "" ? name : `${path}.${name}`;
    const isShown = (name: string) =>
      !fields.has(name) && !ofPromises.has(name) && !hiddenOf[path]?.includes(name);
    methods.push(...methodsOf(part).filter(isShown).map(at));
    for (const name of partsOf(part).filter(isShown)) {
      visit(Reflect.get(part, name), at(name));
    }
  };
  visit(client, "");
  const bucket = client.storage.from("any");
  const download = bucket.download("any");
  const index = client.storage.vectors.from("any");
  visit(client.from("any"), "from()");
  visit(client.from("any").select(), "from().select()");
  visit(client.schema("any"), "schema()");
  visit(bucket, "storage.from()");
  visit(download, "storage.from().download()");
  visit(download.asStream(), "storage.from().download().asStream()");
  visit(index, "storage.vectors.from()");
  visit(index.index("any"), "storage.vectors.from().index()");
  visit(client.storage.analytics.from("any"), "storage.analytics.from()");
  visit(client.channel("any"), "channel()");
  return methods;
}

/** The names of what an object has that has methods itself. */
function partsOf(whole: object): string[] {
  const names = new Set<string>();
  for (
    let level = whole;
    level && level !== Object.prototype;
    level = Object.getPrototypeOf(level)
  ) {
    for (const name of Object.getOwnPropertyNames(level)) {
      if (!name.startsWith("_") && isPartOfClient(Reflect.get(whole, name))) names.add(name);
    }
  }
  return [...names];
}
