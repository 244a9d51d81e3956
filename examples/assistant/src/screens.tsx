import type { ComponentType } from "react";
import { AccessScreen } from "./admin/access-screen.tsx";
import { AgentsScreen } from "./admin/agents-screen.tsx";
import { AuditScreen } from "./admin/audit-screen.tsx";
import { PeopleScreen } from "./admin/people-screen.tsx";
import { WorkScreen } from "./admin/work-screen.tsx";
import { UsageScreen } from "./admin/usage-screen.tsx";
import { AccountsScreen } from "./mine/accounts-screen.tsx";
import { MemoryScreen } from "./mine/memory-screen.tsx";
import { TalkScreen } from "./talk/talk-screen.tsx";

/** A screen, by the first piece of the address. */
export interface Screen {
  path: string;
  name: string;
  Screen: ComponentType;
}

/** The first is also what an address shows that names none of them, such as one talk. */
export const screens: Screen[] = [
  { path: "", name: "Talks", Screen: TalkScreen },
  { path: "memory", name: "Memory", Screen: MemoryScreen },
  { path: "accounts", name: "Accounts", Screen: AccountsScreen },
];

export const adminScreens: Screen[] = [
  { path: "access", name: "Access", Screen: AccessScreen },
  { path: "people", name: "People", Screen: PeopleScreen },
  { path: "agents", name: "Agents", Screen: AgentsScreen },
  { path: "usage", name: "Usage", Screen: UsageScreen },
  { path: "work", name: "Work", Screen: WorkScreen },
  { path: "audit", name: "Audit log", Screen: AuditScreen },
];
