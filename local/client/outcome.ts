/** What came of a call: it worked, or was refused with a status and a code. */

/** As a column of docs/local-stack.md shows it. */
export type Outcome = string;

/** What the library's methods resolve to. */
interface Answer {
  error: unknown;
  status?: number;
}

interface Refusal {
  name?: string;
  message?: string;
  status?: number;
  code?: string;
  context?: { status?: number };
}

export const works: Outcome = "works";

/** The outcome of an answer; what came without an error has to pass `check`. */
export async function outcomeOf<T extends Answer>(
  answering: PromiseLike<T>,
  check: (answer: T) => unknown = () => {},
): Promise<Outcome> {
  const answer = await answering;
  if (answer.error) return refusalOf(answer.error as Refusal, answer.status);
  await check(answer);
  return works;
}

/** An error that did not come from the stack fails the test: only an answer is an outcome. */
function refusalOf(error: Refusal, answered?: number): Outcome {
  const status = answered ?? error.context?.status ?? error.status;
  if (!status) throw new Error("the stack was not asked, or did not answer", { cause: error });
  const said = error.code ? `${status} \`${error.code}\`` : String(status);
  return status === 501 ? `only on the platform (${said})` : `refused: ${said}`;
}
