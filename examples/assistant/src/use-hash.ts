import { useSyncExternalStore } from "react";

function listen(changed: () => void) {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}

/** The part of the address behind `#/`, in its pieces: static files know no other routes. */
export function useHash(): string[] {
  const hash = useSyncExternalStore(listen, () => location.hash);
  return hash.replace(/^#\/?/, "").split("/").filter(Boolean);
}

export function go(path: string): void {
  location.hash = `#/${path}`;
}
