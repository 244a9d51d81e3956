/** Who can be signed in as, to try the product. */
import type postgres from "postgres";

/** The password of the people that supabase/seed.sql makes. */
export const demoPassword = "groundwork-demo";

/** A person of the seed, with their places: `owner of Acme`. */
export interface DemoPerson {
  email: string;
  places: string;
}

/** The people whose password is the seed's. Their hashes are the same, so one comparison tells. */
export async function listDemoPeople(admin: postgres.Sql): Promise<DemoPerson[]> {
  const [seeded] = await admin<{ hash: string }[]>`
    select hash
    from (select encrypted_password as hash from auth.users where encrypted_password <> '' order by created_at
      limit 1) as first
    where hash = extensions.crypt(${demoPassword}, hash)
  `;
  if (!seeded) return [];
  return await admin<DemoPerson[]>`
    select u.email, coalesce(string_agg(m.role || ' of ' || w.name, ', ' order by w.name), '') as places
    from auth.users as u
    left join public.members as m on m.user_id = u.id
    left join public.workspaces as w on w.id = m.workspace_id
    where u.encrypted_password = ${seeded.hash}
    group by u.id, u.email
    order by u.id
  `;
}
