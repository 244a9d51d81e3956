import { type Role, useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";
import { useLoaded } from "../use-loaded.ts";
import { Invitations } from "./invitations.tsx";
import { Table } from "./table.tsx";

const roles: Role[] = ["owner", "admin", "member", "guest"];

/** The people of the workspace, with their roles, and who is invited. */
export function PeopleScreen() {
  const { client, workspace, nameOf, me } = useBackend();
  const { error, isBusy, run } = useAction();
  const { value, error: unread, reload } = useLoaded(async () => {
    const { data } = await client.from("members").select("user_id, role, created_at")
      .eq("workspace_id", workspace.id).order("created_at").throwOnError();
    return data;
  }, [client, workspace.id]);
  const of = (user_id: string) => ({ workspace_id: workspace.id, user_id });
  const change = (user: string, role: string) =>
    run(async () => {
      await client.from("members").update({ role }).match(of(user)).throwOnError();
      await reload();
    });
  const remove = (user: string) =>
    run(async () => {
      await client.from("members").delete().match(of(user)).throwOnError();
      await reload();
    });
  return (
    <main className="page">
      <h1>People</h1>
      <Notice error={unread ?? error} />
      <Table label="People" columns={["Person", "Role", "Since", "Change"]}>
        {value?.map(({ user_id, role, created_at }) => (
          <tr key={user_id}>
            <th scope="row">{nameOf(user_id)}</th>
            <td>
              <select
                aria-label={`Role of ${nameOf(user_id)}`}
                value={role}
                disabled={isBusy}
                onChange={(event) => change(user_id, event.target.value)}
              >
                {roles.map((one) => <option key={one}>{one}</option>)}
              </select>
            </td>
            <td>{new Date(created_at).toLocaleDateString()}</td>
            <td>
              {user_id !== me.id && (
                <button
                  type="button"
                  disabled={isBusy}
                  onClick={() => remove(user_id)}
                >
                  Remove
                </button>
              )}
            </td>
          </tr>
        ))}
      </Table>
      <Invitations />
    </main>
  );
}
