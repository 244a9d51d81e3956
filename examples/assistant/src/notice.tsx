/** What went wrong, said once, where it happened. */
export function Notice({ error }: { error: string | null }) {
  return error === null ? null : <p className="notice" role="alert">{error}</p>;
}
