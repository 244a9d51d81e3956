import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createGroundworkClient } from "groundwork-client";
import { App } from "./app.tsx";
import type { Config } from "./backend.ts";
import "./style.css";

const root = createRoot(document.getElementById("root")!);
try {
  const response = await fetch("config.json", { cache: "no-store" });
  if (!response.ok) {
    throw new Error(`config.json is answered ${response.status}`);
  }
  const config = await response.json() as Config;
  const client = createGroundworkClient(config.url, config.key);
  root.render(
    <StrictMode>
      <App config={config} client={client} />
    </StrictMode>,
  );
} catch (error) {
  root.render(
    <main className="alone">
      <h1>Assistant</h1>
      <p role="alert">The page does not know its backend: {String(error)}</p>
    </main>,
  );
}
