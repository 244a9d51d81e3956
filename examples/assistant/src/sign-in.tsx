import { useState } from "react";
import type { GroundworkClient } from "groundwork-client";
import type { Config } from "./backend.ts";
import { Notice } from "./notice.tsx";
import { useAction } from "./use-action.ts";

/** By address and password, or as a guest without an account. */
export function SignIn(
  { config, client }: { config: Config; client: GroundworkClient },
) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const { isBusy, error, run } = useAction();
  const enter = (email: string, password: string) =>
    run(async () => {
      const { error } = await client.auth.signInWithPassword({
        email,
        password,
      });
      if (error) throw error;
    });
  return (
    <main className="alone">
      <h1>Assistant</h1>
      <form
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          enter(email, password);
        }}
      >
        <label>
          Email
          <input
            type="email"
            autoComplete="username"
            required
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        </label>
        <label>
          Password
          <input
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </label>
        <Notice error={error} />
        <button type="submit" className="primary" disabled={isBusy}>Sign in</button>
        <button
          type="button"
          disabled={isBusy || email === "" || password === ""}
          onClick={() =>
            run(async () => {
              const { data, error } = await client.auth.signUp({ email, password });
              if (error) throw error;
              // Where addresses are confirmed, the mail has a link.
              if (!data.session) throw new Error("Open the link in the mail, then sign in.");
            })}
        >
          Make an account
        </button>
        <button
          type="button"
          disabled={isBusy}
          onClick={() =>
            run(async () => {
              const { error } = await client.auth.signInAnonymously();
              if (error) throw error;
            })}
        >
          Continue as a guest
        </button>
      </form>
      {config.demo && config.demo.people.length > 0 && (
        <section className="card" aria-labelledby="demo">
          <h2 id="demo">Try it as</h2>
          <ul className="plain">
            {config.demo.people.map((one) => (
              <li key={one.email}>
                <button
                  type="button"
                  className="row"
                  disabled={isBusy}
                  onClick={() => enter(one.email, config.demo!.password)}
                >
                  <span>{one.email}</span>
                  <small>{one.places}</small>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </main>
  );
}
