/** The shape of a tool. */
import type { z } from "zod";
import type { Session } from "./session.ts";

/** A tool, before it is registered for a caller. */
export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** What an agent needs for it, where that hangs on the arguments too; null: it is not for agents. */
  readonly scope: string | ((input: Record<string, unknown>) => string) | null;
  /** Not for people: there is nobody behind them whose work or account it would be. */
  readonly isForAgentsOnly?: boolean;
  readonly isReadOnly?: boolean;
  readonly isDestructive?: boolean;
  readonly input: z.ZodObject;
  run(session: Session, input: Record<string, never>): Promise<object>;
}

/** Types a tool's arguments by its schema, and forgets them again for the list. */
export function tool<Input extends z.ZodObject>(
  definition: Omit<Tool, "input" | "run"> & {
    input: Input;
    run(session: Session, input: z.output<Input>): Promise<object>;
  },
): Tool {
  return definition as unknown as Tool;
}
