import { rejects } from "node:assert/strict";
import { assertDeepEquals, assertEquals } from "../asserts.ts";
import { findTarget, OutboundRefused, type Resolve } from "./url.ts";

const names: Record<string, string[]> = {
  "agent.example.com": ["93.184.216.34", "2606:4700::1111"],
  "loopback.example.com": ["127.0.0.1"],
  "half.example.com": ["93.184.216.34", "10.0.0.1"],
  "six.example.com": ["93.184.216.34", "::ffff:10.0.0.1"],
  "nowhere.example.com": [],
};
const resolve: Resolve = (name) => Promise.resolve(names[name] ?? ["93.184.216.34"]);
const inside = { namespace: "acme", gateway: "http://ingress.example:8080" };
const find = (endpoint: string) => findTarget(endpoint, inside, resolve);

/** Each refusal beside an allowed twin that differs in the one thing. */
const twins: [why: string, refused: string, allowed: string][] = [
  ["plain http", "http://agent.example.com/", "https://agent.example.com/"],
  ["another protocol", "ftp://agent.example.com/", "https://agent.example.com/"],
  ["not a URL", "agent.example.com", "https://agent.example.com"],
  ["a name", "https://ada@agent.example.com/", "https://agent.example.com/@ada"],
  ["a password", "https://:secret@agent.example.com/", "https://agent.example.com/?secret"],
  ["mail's port", "https://agent.example.com:25/", "https://agent.example.com:2525/"],
  ["remote control's port", "https://agent.example.com:22/", "https://agent.example.com:443/"],
  ["port 80", "https://agent.example.com:80/", "https://agent.example.com:8080/"],
  ["localhost", "https://localhost/", "https://localhost.example.com/"],
  ["localhost with a dot", "https://LOCALHOST./", "https://agent.example.com./"],
  ["below localhost", "https://api.localhost/", "https://localhost-api.example.com/"],
  ["a name without a dot", "https://redis/", "https://redis.example.com/"],
  ["a cloud's inside", "https://metadata.google.internal/", "https://internal.example.com/"],
  ["a network's inside", "https://printer.local/", "https://local.example.com/"],
  ["the cluster by https", "https://a.acme.svc.cluster.local/", "https://svc.cluster.example/"],
  ["two dots", "https://agent..example.com/", "https://agent.example.com/"],
  ["two dots at the end", "https://example.com../", "https://example.com./"],
  ["loopback", "https://127.0.0.1/", "https://93.184.216.34/"],
  ["loopback with a dot", "https://127.0.0.1./", "https://93.184.216.34./"],
  ["short", "https://127.1/", "https://93.12114978/"],
  ["decimal", "https://2130706433/", "https://1572395042/"],
  ["hexadecimal", "https://0x7f000001/", "https://0x5db8d822/"],
  ["octal", "https://0177.0.0.1/", "https://0135.184.216.34/"],
  ["full width", "https://１２７.0.0.1/", "https://９３.184.216.34/"],
  ["encoded", "https://%31%32%37.0.0.1/", "https://%39%33.184.216.34/"],
  ["metadata", "https://169.254.169.254/latest/", "https://169.255.169.254/latest/"],
  ["carrier-grade NAT", "https://100.100.100.200/", "https://100.128.100.200/"],
  ["multicast", "https://224.0.0.1/", "https://223.0.0.1/"],
  ["IPv6 loopback", "https://[::1]/", "https://[2606:4700::1111]/"],
  ["IPv4 in IPv6", "https://[::ffff:93.184.216.34]/", "https://93.184.216.34/"],
  ["NAT64", "https://[64:ff9b::7f00:1]/", "https://[2606:ff9b::7f00:1]/"],
  ["6to4", "https://[2002:7f00:1::]/", "https://[2003:7f00:1::]/"],
  ["link-local", "https://[fe80::1]/", "https://[2a00::1]/"],
  ["unique local", "https://[fd00:ec2::254]/", "https://[2a00:ec2::254]/"],
  ["a name that leads inside", "https://loopback.example.com/", "https://agent.example.com/"],
  ["a name that half leads inside", "https://half.example.com/", "https://agent.example.com/"],
  ["a name that leads inside by IPv6", "https://six.example.com/", "https://agent.example.com/"],
  ["a name that leads nowhere", "https://nowhere.example.com/", "https://agent.example.com/"],
  [
    "another namespace",
    "http://crm.other.svc.cluster.local/",
    "http://crm.acme.svc.cluster.local/",
  ],
  ["the namespace alone", "http://acme.svc.cluster.local/", "http://a.acme.svc.cluster.local/"],
  [
    "a namespace that looks like it",
    "http://crm.not-acme.svc.cluster.local/",
    "http://not.acme.svc.cluster.local/",
  ],
  [
    "a name that goes on",
    "http://crm.acme.svc.cluster.local.evil.example/",
    "http://crm.acme.svc.cluster.local:8080/",
  ],
  [
    "credentials inside the cluster",
    "http://a@crm.acme.svc.cluster.local/",
    "http://crm.acme.svc.cluster.local./",
  ],
];

for (const [why, refused, allowed] of twins) {
  Deno.test(`refused: ${why}, ${refused}; allowed: ${allowed}`, async () => {
    await rejects(() => find(refused), OutboundRefused);
    await find(allowed);
  });
}

Deno.test("a name is connected to by its checked addresses, and proves itself by its name", async () => {
  assertDeepEquals(await find("https://Agent.example.com:8443/chat?a=1#b"), {
    hosts: ["93.184.216.34", "2606:4700::1111"],
    port: 8443,
    tlsName: "agent.example.com",
    host: "agent.example.com:8443",
    path: "/chat?a=1",
    headers: {},
  });
});

Deno.test("an address is not looked up", async () => {
  const never: Resolve = () => Promise.reject(new Error("looked up"));
  const target = await findTarget("https://[2606:4700::1111]/", inside, never);
  assertDeepEquals([target.hosts, target.tlsName], [["2606:4700::1111"], "2606:4700::1111"]);
});

Deno.test("the cluster is reached through its gateway, which is told the host", async () => {
  assertDeepEquals(await find("http://crm.acme.svc.cluster.local:81/chat?a=1"), {
    hosts: ["ingress.example"],
    port: 8080,
    tlsName: null,
    host: "ingress.example:8080",
    path: "/chat?a=1",
    headers: { "x-forwarded-host": "crm.acme.svc.cluster.local:81" },
  });
  const secured = { ...inside, gateway: "https://ingress.example" };
  const target = await findTarget("http://crm.acme.svc.cluster.local/", secured, resolve);
  assertDeepEquals([target.port, target.tlsName], [443, "ingress.example"]);
});

Deno.test("without a gateway or a namespace nothing is inside", async () => {
  const endpoint = "http://crm.acme.svc.cluster.local/";
  await rejects(() => findTarget(endpoint, { ...inside, gateway: null }, resolve), OutboundRefused);
  const nowhere = { ...inside, namespace: null };
  await rejects(() => findTarget(endpoint, nowhere, resolve), OutboundRefused);
});

Deno.test("the log is told what was refused and why", async () => {
  const error = await find("https://loopback.example.com/").catch((error) => error);
  assertEquals(error.message, "loopback.example.com leads to 127.0.0.1: loopback");
});
