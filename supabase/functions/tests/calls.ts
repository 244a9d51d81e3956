/** Leads and dials of a world whose agent has a voice and whose leads may be called at any time. */
import type postgres from "postgres";
import { createWorld, type World } from "./world.ts";

type Session = postgres.Sql<{ bigint: number }>;

/** A dial as it stands. */
export interface Dial {
  id: number;
  status: string;
  attempts: number;
  is_started: boolean;
  provider_call_id: string | null;
  call_key: string | null;
  last_error: string | null;
  held_for: number | null;
}

/** A world with calls in it. */
export interface CallingWorld extends World {
  addLead(phone?: string): Promise<string>;
  addDial(lead?: string): Promise<number>;
  dial(id: number): Promise<Dial>;
  lead(id: string): Promise<{ status: string; contact_count: number; do_not_call: boolean }>;
  outcomes(dial: number): Promise<{ outcome: string; provider_call_id: string }[]>;
  /** Ends leases and waits: what would come back later is due now. */
  letTimePass(dial: number): Promise<void>;
}

let lastNumber = Math.floor(Math.random() * 8_000_000);

/** Makes one. */
export async function createCallingWorld(sql: Session): Promise<CallingWorld> {
  const world = await createWorld(sql);
  const { workspace, agent } = world;
  await sql`
    insert into public.voice_assistants (workspace_id, agent_id, assistant_id)
    values (${workspace}, ${agent}, ${`assistant ${agent}`})`;

  async function addLead(phone = `+1512${1_000_000 + lastNumber++}`) {
    const [row] = await sql<{ id: string }[]>`
      insert into public.leads (workspace_id, state, phones, owner_name)
      values (${workspace}, 'TX', array[${phone}], 'Kim') returning id`;
    return row!.id;
  }
  return {
    ...world,
    addLead,
    async addDial(lead) {
      const [row] = await sql<{ id: number }[]>`
        insert into public.dial_queue (workspace_id, lead_id, voice_agent_id, call_from, call_until, call_days)
        values (${workspace}, ${
        lead ?? await addLead()
      }, ${agent}, '00:00', '24:00', '{1,2,3,4,5,6,7}')
        returning id`;
      return row!.id;
    },
    async dial(id) {
      const [row] = await sql<Dial[]>`
        select id, status, attempts, started_at is not null as is_started, provider_call_id, call_key, last_error,
          round(extract(epoch from lease_expires_at - now()))::integer as held_for
        from public.dial_queue where id = ${id}`;
      return { ...row! };
    },
    async lead(id) {
      const [row] = await sql<{ status: string; contact_count: number; do_not_call: boolean }[]>`
        select status, contact_count, do_not_call from public.leads where id = ${id}`;
      return { ...row! };
    },
    async outcomes(dial) {
      const rows = await sql<{ outcome: string; provider_call_id: string }[]>`
        select outcome, provider_call_id from public.call_outcomes where dial_id = ${dial} order by created_at`;
      return rows.map((row) => ({ ...row }));
    },
    async letTimePass(dial) {
      await sql`update public.dial_queue set lease_expires_at = now() where id = ${dial} and status = 'in_progress'`;
      await sql`
        update private.number_calls set begun_at = begun_at - interval '2 days' where workspace_id = ${workspace}`;
      await sql`select private.release_expired_work()`;
      await sql`update public.dial_queue set scheduled_for = now() where id = ${dial} and status = 'pending'`;
    },
  };
}
